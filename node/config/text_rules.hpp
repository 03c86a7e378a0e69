#pragma once

#include <string>
#include <string_view>

/// What every text among the settings must keep to, whatever it is for.
namespace millrace::node {

/// Why the text cannot be meant, as the end of a sentence ("it begins with a
/// quote; ..."); empty when nothing is wrong. Blanks and line ends around the
/// text are the caller's to cut first.
std::string text_fault(std::string_view text);

/// Whether a quote stands at the beginning or, alone of its kind, at the end.
bool is_in_quotes(std::string_view text);

/// Whether it has a part such as ${NAME}, $(NAME) or {{ .name }}, which others
/// fill in.
bool holds_placeholder(std::string_view text);

/// Without one pair of equal straight quotes around it, if that is the only
/// one of its kind; without the blanks around and inside of the pair.
std::string_view unquoted(std::string_view text);

/// Without the brackets around a list as YAML and JSON write it, and without
/// the blanks around and inside of them; texts with others stay.
std::string_view without_brackets(std::string_view text);

} // namespace millrace::node
