// The service of the benchmark in Thrift's words.
namespace cpp bench

service Adder {
  i64 add(1: i64 a, 2: i64 b),
  binary echo(1: binary data)
}
