#include "adapters/recovery/crash_recorder.hpp"

#include "adapters/recovery/journal_file.hpp"
#include "logic/recovery/crash_journal.hpp"

#include <map>
#include <utility>

namespace millrace::adapters {

namespace {

using logic::BatchCut;
using logic::PlannedPiece;

BatchCut::Treatment to_treatment(PlannedPiece::Treatment planned) noexcept {
  switch (planned) {
    case PlannedPiece::Treatment::alone:
      return BatchCut::Treatment::alone;
    case PlannedPiece::Treatment::dead_letter:
      return BatchCut::Treatment::dead_letter;
    default:
      return BatchCut::Treatment::ordinary;
  }
}

class FileRecorder final : public CrashRecorder {
public:
  FileRecorder(JournalFile file, const CrashRecorderOptions& options)
    : file_(std::move(file)),
      journal_(file_.memory(), {options.topic, options.consumer_group}) {
    const auto begun = journal_.open_life();
    findings_.died = begun.died;
    findings_.life = begun.life;
    findings_.suspects = begun.suspects.size();
    if (file_.note())
      findings_.notes.push_back(*file_.note());
    if (begun.note)
      findings_.notes.push_back(*begun.note);
  }

  const CrashFindings& findings() const noexcept override { return findings_; }

  void close_cleanly() override { journal_.close_cleanly(); }

  std::vector<BatchCut> cut(const logic::RecordBatch& batch) override {
    if (journal_.suspects().empty())
      return {};
    std::vector<logic::Offset> offsets;
    offsets.reserve(batch.size());
    for (std::size_t index = 0; index != batch.size(); ++index)
      offsets.push_back(batch[index].offset);
    std::vector<BatchCut> cuts;
    for (const auto& piece :
         journal_.suspects().plan(batch.partition(), offsets))
      cuts.push_back(
        {piece.first_index, piece.count, to_treatment(piece.treatment)});
    return cuts;
  }

  void begin(logic::BatchId id, const logic::RecordBatch& batch,
             bool alone) override {
    const auto slot = journal_.begin(
      {batch.partition(), batch.first_offset(), batch.last_offset()}, alone);
    if (slot)
      slots_.emplace(id, *slot);
  }

  void end(logic::BatchId id, bool finished) override {
    const auto found = slots_.find(id);
    if (found == slots_.end())
      return;
    if (finished)
      journal_.end(found->second);
    else
      journal_.abandon(found->second);
    slots_.erase(found);
  }

  void forget_before(logic::PartitionId partition,
                     logic::Offset next) override {
    if (!journal_.suspects().empty())
      journal_.forget_before(partition, next);
  }

private:
  JournalFile file_;
  logic::CrashJournal journal_;
  CrashFindings findings_;
  std::map<logic::BatchId, logic::JournalSlot> slots_;
};

} // namespace

logic::Result<std::shared_ptr<CrashRecorder>>
CrashRecorder::open(const CrashRecorderOptions& options) {
  auto file = JournalFile::open(options.path,
                                logic::CrashJournal::bytes_needed({}));
  if (!file)
    return file.error();
  return std::shared_ptr<CrashRecorder>{
    std::make_shared<FileRecorder>(std::move(*file), options)};
}

} // namespace millrace::adapters
