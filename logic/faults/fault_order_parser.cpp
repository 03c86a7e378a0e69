#include "logic/core/json_text.hpp"
#include "logic/faults/fault_forms.hpp"
#include "logic/faults/fault_order.hpp"
#include "logic/faults/fault_words.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace millrace::logic::faults {

namespace {

/// The first word of a form's name ("fail"), and the second, if any.
std::pair<std::string_view, std::string_view>
verb_and_object(const FaultForm& form) noexcept {
  const auto end = form.name.find('_');
  if (end == std::string_view::npos)
    return {form.name, {}};
  return {form.name.substr(0, end), form.name.substr(end + 1)};
}

bool is_numbered_kind(std::string_view name) noexcept {
  const auto kind = actor_kind_of(name);
  return kind && is_numbered(*kind);
}

/// Reads one order, word by word.
class OrderParser {
public:
  OrderParser(std::string_view text, std::vector<Word> words)
    : text_(text), words_(std::move(words)) {}

  Result<FaultOrder> parse() {
    if (const auto done = parse_kind(); !done)
      return done.error();
    order_.kind = form_->kind;
    if (const auto done = parse_target(); !done)
      return done.error();
    if (const auto done = parse_match(); !done)
      return done.error();
    while (peek() != nullptr)
      if (const auto done = parse_option(); !done)
        return done.error();
    if (form_->duration == Need::always && order_.duration.count() == 0)
      return wrong("'for' is missing", "for and " + duration_rule());
    return std::move(order_);
  }

private:
  const Word* peek() const noexcept {
    return next_ == words_.size() ? nullptr : &words_[next_];
  }

  /// Whether the next word is that keyword.
  bool is_next(std::string_view keyword) const noexcept {
    const auto* word = peek();
    return word != nullptr && !word->quoted && word->text == keyword;
  }

  /// An error about the next word, or the end.
  Error wrong(const std::string& what, const std::string& allowed) const {
    const auto* word = peek();
    return misread(text_, word != nullptr ? word->column : text_.size() + 1,
                   what + " (allowed: " + allowed + ')');
  }

  /// The next word in quotes, or that the order ends here.
  std::string found() const {
    const auto* word = peek();
    return word != nullptr ? quoted(word->text) : std::string{"the end"};
  }

  Result<void> parse_kind() {
    std::vector<std::string_view> verbs;
    std::vector<std::string_view> objects;
    for (const auto& form : fault_forms) {
      const auto [verb, object] = verb_and_object(form);
      if (is_next(verb)) {
        form_ = &form;
        objects.push_back(object);
      } else if (std::find(verbs.begin(), verbs.end(), verb) == verbs.end()) {
        verbs.push_back(verb);
      }
    }
    if (form_ == nullptr)
      return wrong(found() + " is no fault", joined(verbs));
    ++next_;
    if (objects.front().empty())
      return {};
    for (const auto& form : fault_forms) {
      const auto [verb, object] = verb_and_object(form);
      if (verb == words_.front().text && is_next(object)) {
        form_ = &form;
        ++next_;
        return {};
      }
    }
    return wrong(found() + " after '" + words_.front().text + '\'',
                 joined(objects));
  }

  Result<void> parse_target() {
    if (form_->scope == TargetScope::fixed) {
      order_.target = form_->fixed_target;
      return {};
    }
    const auto names = target_names(form_->scope);
    const auto name = std::find_if(
      names.begin(), names.end(),
      [this](std::string_view it) { return is_next(it); });
    if (name == names.end())
      return wrong(found() + " is nobody to " + std::string{form_->name},
                   joined(names));
    order_.target = *name;
    ++next_;
    return form_->scope == TargetScope::all_of_stage ? Result<void>{}
                                                     : parse_actor_number();
  }

  Result<void> parse_actor_number() {
    const auto* word = peek();
    if (word == nullptr || word->quoted
        || word->text.find_first_of("0123456789") != 0)
      return {};
    if (!is_numbered_kind(order_.target))
      return wrong("a number, but there is one " + order_.target, "no number");
    const auto number = parse_number(word->text, max_actor_number);
    if (!number)
      return wrong(found() + " is no number of " + order_.target,
                   "0 to " + std::to_string(max_actor_number));
    order_.target.append(" ").append(std::to_string(*number));
    ++next_;
    return {};
  }

  Result<void> parse_match() {
    if (!form_->match)
      return {};
    const auto rule = "1 to " + std::to_string(max_match_bytes)
                      + " bytes, in double quotes if they hold blanks";
    const auto* word = peek();
    if (word == nullptr)
      return wrong("the match is missing", rule);
    if (word->text.empty())
      return wrong("the match is empty", rule);
    if (word->text.size() > max_match_bytes)
      return wrong("the match is too long", rule);
    order_.match = word->text;
    ++next_;
    if (peek() != nullptr)
      return wrong(found() + " behind the match",
                   "nothing; a match with blanks stands in double quotes, and "
                   "a poisoned stage has no number");
    return {};
  }

  /// Whether the words so far may go on with the number of an actor.
  bool could_be_numbered() const noexcept {
    return form_->scope != TargetScope::all_of_stage
           && is_numbered_kind(order_.target) && !has_after_ && !has_times_
           && order_.duration.count() == 0;
  }

  Result<void> parse_option() {
    std::vector<std::string_view> open;
    if (could_be_numbered())
      open.push_back("the number of one");
    if (form_->after != Need::never && !has_after_)
      open.push_back("after");
    if (form_->duration != Need::never && order_.duration.count() == 0)
      open.push_back("for");
    if (form_->times != Need::never && !has_times_)
      open.push_back("times");
    const auto option = std::find_if(
      open.begin(), open.end(),
      [this](std::string_view it) { return is_next(it); });
    if (option == open.end())
      return wrong(found() + " does not belong here",
                   open.empty() ? "nothing more" : joined(open));
    ++next_;
    if (*option == "after") {
      has_after_ = true;
      return parse_count("after", 0, max_after_batches, order_.after_batches);
    }
    if (*option == "times") {
      has_times_ = true;
      return parse_count("times", 1, max_fault_count, order_.count);
    }
    return parse_duration();
  }

  Result<void> parse_count(const std::string& option, std::uint32_t least,
                           std::uint32_t most, std::uint32_t& count) {
    const auto* word = peek();
    const auto number = word != nullptr && !word->quoted
                          ? parse_number(word->text, most)
                          : std::nullopt;
    if (!number || *number < least)
      return wrong(found() + " after '" + option + '\'',
                   "a whole number from " + std::to_string(least) + " to "
                     + std::to_string(most));
    count = *number;
    ++next_;
    return {};
  }

  Result<void> parse_duration() {
    const auto* word = peek();
    const auto duration = word != nullptr && !word->quoted
                            ? parse_fault_duration(word->text)
                            : std::nullopt;
    if (!duration)
      return wrong(found() + " after 'for'", duration_rule());
    order_.duration = *duration;
    ++next_;
    return {};
  }

  static std::string duration_rule() {
    return "a whole number with ms, s, min or h, from 1ms to "
           + render_fault_duration(max_fault_duration);
  }

  std::string_view text_;
  std::vector<Word> words_;
  std::size_t next_ = 0;
  const FaultForm* form_ = nullptr;
  FaultOrder order_;
  bool has_after_ = false;
  bool has_times_ = false;
};

} // namespace

Result<FaultOrder> parse_fault_order(std::string_view text) {
  auto words = split_words(text);
  if (!words)
    return words.error();
  return OrderParser{text, *std::move(words)}.parse();
}

} // namespace millrace::logic::faults
