# The service of the benchmark in Cap'n Proto's words.
@0xc1f6d0a5e34b7a92;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bench");

interface Adder {
  add @0 (a :Int64, b :Int64) -> (sum :Int64);
  echo @1 (data :Data) -> (data :Data);
}
