#ifndef RPYC_BIND_OVERLOADS_H_
#define RPYC_BIND_OVERLOADS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "rpyc/bind/member.h"
#include "rpyc/bind/signature.h"

namespace rpyc {

// What keeps `added` from being one more function of the name of `earlier`, which may be overloaded
// itself; empty: nothing does.
std::string WhyNoOverload(const Member& earlier, const Member& added);

// One member that calls the first of `functions` that takes a call's arguments: first of those
// whose parameters are of the very types of the arguments, then of those that convert them. None
// does: a TypeError that lists them all. The functions are methods of one name.
//
// An iterator passed to functions that take items is read once, before the first is tried. Should
// its items convert for none of them, a function that takes any object gets it without its items.
Member Overloaded(std::vector<std::shared_ptr<const Member>> functions);

// What Python shows of several functions of one name: any arguments, and all of the signatures,
// each in a line of its own.
Signature SignatureOfAll(absl::string_view name, absl::Span<const Signature> signatures);

}  // namespace rpyc

#endif  // RPYC_BIND_OVERLOADS_H_
