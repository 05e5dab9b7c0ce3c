#ifndef RPYC_BIND_OVERLOADS_H_
#define RPYC_BIND_OVERLOADS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "rpyc/bind/member.h"
#include "rpyc/bind/signature.h"

namespace rpyc {

// Says what keeps `added` from being another overload of `earlier`, which may be overloaded itself.
// It is empty if nothing does.
std::string WhyNoOverload(const Member& earlier, const Member& added);

// Makes one member that calls the first of `functions` that takes a call's arguments. It first
// tries those whose parameter types are exactly the types of the arguments, then those that convert
// them. If none fits, the call raises a TypeError that lists them all. The functions are methods of
// one name.
//
// An iterator passed to functions that take items is read once, before the first function is tried.
// If its items convert for none of them, a function that takes any object gets the iterator without
// its items.
Member Overloaded(std::vector<std::shared_ptr<const Member>> functions);

// Returns what Python shows of several functions of one name: it takes any arguments, and its text
// lists all the signatures, one a line.
Signature SignatureOfAll(absl::string_view name, absl::Span<const Signature> signatures);

}  // namespace rpyc

#endif  // RPYC_BIND_OVERLOADS_H_
