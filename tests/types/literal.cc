#include "tests/types/literal.h"

#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "rpyc/dict.h"
#include "rpyc/list.h"

namespace rpyc::testing {
namespace {

class Parser {
 public:
  Parser(absl::string_view text, const absl::flat_hash_map<std::string, Value>& names)
      : text_(text), names_(names) {}

  absl::StatusOr<Value> All() {
    absl::StatusOr<Value> value = One();
    if (value.ok() && !text_.empty()) return Wrong();
    return value;
  }

 private:
  absl::Status Wrong() const {
    return absl::InvalidArgumentError(absl::StrCat("not understood from here: ", text_));
  }
  bool Skip(absl::string_view token) {
    text_ = absl::StripLeadingAsciiWhitespace(text_);
    if (text_.substr(0, token.size()) != token) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  std::string Word() {
    text_ = absl::StripLeadingAsciiWhitespace(text_);
    size_t end = 0;
    while (end < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[end])) != 0 ||
                                  text_[end] == '_' || text_[end] == '.' || text_[end] == '-')) {
      ++end;
    }
    std::string word(text_.substr(0, end));
    text_.remove_prefix(end);
    return word;
  }
  absl::StatusOr<std::string> Quoted() {
    const size_t end = text_.find('\'');
    if (end == absl::string_view::npos) return Wrong();
    std::string text(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return text;
  }
  // Returns the items up to `close`; sets `*pairs` if they are keys and values.
  absl::StatusOr<std::vector<Value>> Items(absl::string_view close, bool pairs = false) {
    std::vector<Value> items;
    while (!Skip(close)) {
      absl::StatusOr<Value> item = One();
      if (!item.ok()) return std::move(item).status();
      items.push_back(*std::move(item));
      if (pairs && items.size() % 2 == 1) {
        if (!Skip(":")) return Wrong();
      } else if (!Skip(",") && text_.substr(0, 1) != close.substr(0, 1)) {
        return Wrong();
      }
    }
    return items;
  }
  absl::StatusOr<Value> One();

  absl::string_view text_;
  const absl::flat_hash_map<std::string, Value>& names_;
};

absl::StatusOr<Value> Parser::One() {
  if (Skip("b'") || Skip("'")) {
    const bool bytes = text_.data()[-2] == 'b';
    absl::StatusOr<std::string> text = Quoted();
    if (!text.ok()) return std::move(text).status();
    return bytes ? Value(Bytes{*std::move(text)}) : Value(*std::move(text));
  }
  if (Skip("frozenset({")) {
    absl::StatusOr<std::vector<Value>> items = Items("})");
    if (!items.ok()) return std::move(items).status();
    return Value::Frozenset(*std::move(items));
  }
  if (Skip("(")) {
    absl::StatusOr<std::vector<Value>> items = Items(")");
    if (!items.ok()) return std::move(items).status();
    return Value::Tuple(*std::move(items));
  }
  if (Skip("[")) {
    absl::StatusOr<std::vector<Value>> items = Items("]");
    if (!items.ok()) return std::move(items).status();
    return List(*items).ToValue();
  }
  if (Skip("{")) {
    absl::StatusOr<std::vector<Value>> items = Items("}", true);
    if (!items.ok()) return std::move(items).status();
    Dict dict;
    for (size_t i = 0; i < items->size(); i += 2) {
      absl::Status set = dict.Set((*items)[i], (*items)[i + 1]);
      if (!set.ok()) return set;
    }
    return dict.ToValue();
  }
  const std::string word = Word();
  if (const auto name = names_.find(word); name != names_.end()) return name->second;
  int64_t i;
  if (absl::SimpleAtoi(word, &i)) return Value(i);
  double d;
  if (absl::SimpleAtod(word, &d)) {
    if (word.find('.') == std::string::npos) return Value(BigInt{word});
    return Value(d);
  }
  return Wrong();
}

}  // namespace

absl::StatusOr<Value> ParseLiteral(absl::string_view text,
                                   const absl::flat_hash_map<std::string, Value>& names) {
  return Parser(text, names).All();
}

}  // namespace rpyc::testing
