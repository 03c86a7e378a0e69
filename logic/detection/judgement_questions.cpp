#include "logic/detection/judgement_questions.hpp"

#include "logic/detection/login_rows_codec.hpp"

#include <utility>

namespace millrace::logic::detection {

JudgementQuestions::Number JudgementQuestions::open(LoginRowsPtr rows,
                                                    Time deadline) {
  const auto number = next_++;
  open_.emplace(number, Question{std::move(rows), deadline, {}, 0, 0});
  return number;
}

std::size_t JudgementQuestions::add(Number number, Judge judge,
                                    const ShardSet& shards) {
  auto& question = open_.at(number);
  question.parts.push_back({judge, shards, nullptr, false});
  ++question.due;
  return question.parts.size() - 1;
}

JudgementQuestions::Question* JudgementQuestions::find(Number number) {
  const auto found = open_.find(number);
  return found == open_.end() ? nullptr : &found->second;
}

JudgementQuestions::Part* JudgementQuestions::find(Due due) {
  auto* const question = find(due.number);
  if (!question || question->parts[due.part].answer)
    return nullptr;
  return &question->parts[due.part];
}

bool JudgementQuestions::answer(Due due, ShardJudgementsPtr judgements) {
  auto* const part = find(due);
  if (!part)
    return false;
  part->answer = std::move(judgements);
  --open_.at(due.number).due;
  return true;
}

std::vector<ShardJudgementsPtr> JudgementQuestions::close(Number number) {
  std::vector<ShardJudgementsPtr> answers;
  const auto found = open_.find(number);
  if (found == open_.end())
    return answers;
  for (auto& part : found->second.parts)
    answers.push_back(std::move(part.answer));
  open_.erase(found);
  return answers;
}

void OwedRows::add(LoginRowsPtr rows, const ShardSet& shards) {
  bytes_ += encoded_bytes(*rows, shards);
  debts_.push_back({std::move(rows), shards});
  for (; bytes_ > max_bytes_; debts_.pop_front())
    bytes_ -= encoded_bytes(*debts_.front().rows, debts_.front().shards);
}

std::vector<OwedRows::Debt> OwedRows::take(const ShardSet& nobodys) {
  std::vector<Debt> taken;
  std::deque<Debt> left;
  bytes_ = 0;
  for (auto& debt : debts_) {
    if (const auto found = debt.shards & ~nobodys; found.any())
      taken.push_back({debt.rows, found});
    if (const auto missing = debt.shards & nobodys; missing.any()) {
      bytes_ += encoded_bytes(*debt.rows, missing);
      left.push_back({std::move(debt.rows), missing});
    }
  }
  debts_ = std::move(left);
  return taken;
}

} // namespace millrace::logic::detection
