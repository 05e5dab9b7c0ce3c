#ifndef RPYC_BRINE_FORMAT_H_
#define RPYC_BRINE_FORMAT_H_

#include <cstdint>

// Tag bytes of brine, RPyC's value codec. One value is one tag byte and a body; integers in bodies
// are big-endian. What a body holds is beside its tag.
// Source:  RPyC core/brine.py, 5.3.1 and 6.0.2 (identical from 4.1 on).
namespace rpyc::brine {

enum Tag : uint8_t {
  kTagNone = 0x00,
  kTagEmptyBytes = 0x01,
  kTagEmptyTuple = 0x02,
  kTagTrue = 0x03,
  kTagFalse = 0x04,
  kTagNotImplemented = 0x05,
  kTagEllipsis = 0x06,
  kTagUnicode = 0x08,  // one bytes value, UTF-8
  kTagBytes1 = 0x0a,   // 1..4 bytes: the bytes
  kTagBytes4 = 0x0d,
  kTagBytesU8 = 0x0e,   // u8 length, bytes
  kTagBytesU32 = 0x0f,  // u32 length, bytes
  kTagTuple1 = 0x10,    // 1..4 items: the items
  kTagTuple4 = 0x13,
  kTagTupleU8 = 0x14,        // u8 count, items
  kTagTupleU32 = 0x15,       // u32 count, items
  kTagIntU8 = 0x16,          // u8 length, ASCII decimal
  kTagIntU32 = 0x17,         // u32 length, ASCII decimal
  kTagFloat = 0x18,          // binary64
  kTagSlice = 0x19,          // one 3-tuple value
  kTagFrozenset = 0x1a,      // one tuple value
  kTagComplex = 0x1b,        // two binary64: real, imaginary
  kTagSmallIntFirst = 0x20,  // tags 0x20..0xef: the int tag - 0x50
  kTagSmallIntZero = 0x50,
  kTagSmallIntLast = 0xef,
};

inline constexpr int kSmallIntMin = kTagSmallIntFirst - kTagSmallIntZero;  // -48
inline constexpr int kSmallIntMax = kTagSmallIntLast - kTagSmallIntZero;   // 159

}  // namespace rpyc::brine

#endif  // RPYC_BRINE_FORMAT_H_
