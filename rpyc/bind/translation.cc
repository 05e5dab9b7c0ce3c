#include "rpyc/bind/translation.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <system_error>
#include <typeindex>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace rpyc {
namespace {

// These are the builtin exceptions that C++ can use. Python makes the Unicode errors of five
// arguments, so they are left out.
// Source:  CPython Objects/exceptions.c, 3.8 to 3.13.
constexpr absl::string_view kBuiltins[] = {
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BlockingIOError",
    "BrokenPipeError",
    "BufferError",
    "ChildProcessError",
    "ConnectionAbortedError",
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "EOFError",
    "Exception",
    "FileExistsError",
    "FileNotFoundError",
    "FloatingPointError",
    "ImportError",
    "IndexError",
    "InterruptedError",
    "IsADirectoryError",
    "KeyError",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "NotADirectoryError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PermissionError",
    "ProcessLookupError",
    "RecursionError",
    "ReferenceError",
    "RuntimeError",
    "StopIteration",
    "SystemError",
    "TimeoutError",
    "TypeError",
    "UnboundLocalError",
    "ValueError",
    "ZeroDivisionError",
};

// Describes a class that invoke.cc has a row for.
template <typename E>
void ThrowPointer() {
  // NOLINTNEXTLINE(misc-throw-by-value-catch-by-reference): see MakeTranslation.
  throw static_cast<E*>(nullptr);
}
struct LibraryRow {
  std::type_index type;
  void (*throw_pointer)();
};
template <typename E>
LibraryRow RowOf() {
  return {typeid(E), &ThrowPointer<E>};
}

// Returns whether `translation` is for a proper base of a class that invoke.cc has a row for.
bool IsGeneral(const Translation& translation) {
  static const std::vector<LibraryRow>* const rows =
      new std::vector<LibraryRow>{RowOf<PyError>(),
                                  RowOf<std::invalid_argument>(),
                                  RowOf<std::domain_error>(),
                                  RowOf<std::length_error>(),
                                  RowOf<std::range_error>(),
                                  RowOf<std::out_of_range>(),
                                  RowOf<std::overflow_error>(),
                                  RowOf<std::bad_alloc>(),
                                  RowOf<std::system_error>()};
  return absl::c_any_of(*rows, [&](const LibraryRow& row) {
    return row.type != *translation.type && translation.takes_pointer(row.throw_pointer);
  });
}

bool IsIdentifier(absl::string_view name) {
  return !name.empty() && !absl::ascii_isdigit(name[0]) && absl::c_all_of(name, [](char c) {
    return absl::ascii_isalnum(c) || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0;
  });
}

// Returns what is wrong with the translation; it is empty if nothing is.
std::string Mistake(const Translation& translation) {
  const std::vector<absl::string_view> modules = absl::StrSplit(translation.module, '.');
  if (!IsIdentifier(translation.name) || !absl::c_all_of(modules, IsIdentifier)) {
    return absl::StrCat("'", translation.module, ".", translation.name,
                        "' is no name of a Python class");
  }
  if (translation.module == "builtins" && !absl::c_linear_search(kBuiltins, translation.name)) {
    return absl::StrCat("Python has no builtin exception '", translation.name,
                        "'; name a module too, as in 'lab.", translation.name, "'");
  }
  for (size_t i = 0; i < translation.attributes.size(); ++i) {
    const std::string& name = translation.attributes[i];
    // Python's own exceptions already have these.
    if (!IsIdentifier(name) || absl::StartsWith(name, "_") || name == "args" ||
        name == "add_note" || name == "with_traceback") {
      return absl::StrCat("an exception can have no attribute '", name, "'");
    }
    if (std::find(translation.attributes.begin(), translation.attributes.begin() + i, name) !=
        translation.attributes.begin() + i) {
      return absl::StrCat("two attributes are named '", name, "'");
    }
  }
  return "";
}

[[noreturn]] void EndProgram(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::abort();
}

}  // namespace

void ErrorTranslations::Add(Translation translation, absl::string_view where) {
  if (const std::string mistake = Mistake(translation); !mistake.empty()) {
    EndProgram(
        absl::StrCat("rpyc: ", where, ": Translate<", translation.cpp_class, ">: ", mistake));
  }
  List& list = IsGeneral(translation) ? general_ : specific_;
  const auto same = absl::c_find_if(
      list, [&](const Translation& other) { return *other.type == *translation.type; });
  if (same != list.end()) {
    *same = std::move(translation);
    return;
  }
  // The list keeps every derived class in front of its bases, so the new class goes in front of its
  // first base.
  const auto base = absl::c_find_if(list, [&](const Translation& other) {
    return other.takes_pointer(translation.throw_pointer);
  });
  list.insert(base, std::move(translation));
}

std::optional<absl::Status> ErrorTranslations::Find(const List& list) {
  for (const Translation& translation : list) {
    try {
      if (std::optional<RemoteException> exception = translation.translate(translation)) {
        return PyStatus(*std::move(exception));
      }
    } catch (const std::exception& e) {
      return PyStatus(
          "RuntimeError",
          absl::StrCat("a ", translation.cpp_class, " was thrown, and describing it as ",
                       translation.module, ".", translation.name, " threw: ", e.what()));
    } catch (...) {
      return PyStatus(
          "RuntimeError",
          absl::StrCat("a ", translation.cpp_class, " was thrown, and describing it as ",
                       translation.module, ".", translation.name, " threw"));
    }
  }
  return std::nullopt;
}

void ErrorTranslations::Rethrow(const RemoteError& error) const {
  for (const List* list : {&specific_, &general_}) {
    for (const Translation& translation : *list) {
      if (translation.rethrow != nullptr && error.Is(translation.module, translation.name)) {
        translation.rethrow(error);
      }
    }
  }
}

void ThrowStatus(const CallContext& context, const absl::Status& status) {
  if (context.translations() == nullptr) ThrowStatus(status);
  try {
    ThrowStatus(status);
  } catch (const RemoteError& error) {
    context.translations()->Rethrow(error);
    throw;
  }
}

}  // namespace rpyc
