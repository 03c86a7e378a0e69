#define CAF_SUITE file_state_store

#include "adapters/files/file_state_store.hpp"

#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <sys/resource.h>

using namespace millrace;
using namespace millrace::logic::detection;
using namespace std::chrono_literals;
using adapters::FileStateStore;
using tests::TemporaryFolder;

namespace {

/// A store, and what it has told so far.
class Owner {
public:
  Owner(const std::string& folder, std::uint32_t shards) {
    auto store = FileStateStore::open({folder, shards, 10ms});
    if (!store)
      CAF_FAIL(store.error().text);
    store_ = std::move(*store);
    store_->on_ready([this] {
      const std::lock_guard lock{mutex_};
      ready_ = true;
      changed_.notify_one();
    });
  }
  ~Owner() { store_->close(10s); }

  /// Takes events until the condition holds.
  template <class Condition>
  void await(Condition&& condition) {
    while (!condition()) {
      {
        std::unique_lock lock{mutex_};
        CAF_REQUIRE(changed_.wait_for(lock, 20s, [this] { return ready_; }));
        ready_ = false;
      }
      for (auto& event : store_->take_events())
        std::visit([this](auto& each) { note(each); }, event);
    }
  }

  void await_loaded(std::size_t shards) {
    await([&] { return loaded.size() == shards; });
  }

  logic::Result<void> append(std::uint32_t shard,
                             std::vector<StateRecord> some) {
    store_->append(shard, ++number_, std::move(some));
    await([&] { return answers.contains(number_); });
    return answers.at(number_);
  }

  FileStateStore& store() { return *store_; }

  std::map<std::uint32_t, StateGeneration> assigned;
  std::map<std::uint32_t, std::vector<StateRecord>> records;
  std::set<std::uint32_t> loaded;
  std::map<std::uint64_t, logic::Result<void>> answers;
  std::vector<std::string> troubles; ///< empty where one ended

private:
  void note(ShardAssigned& news) { assigned[news.shard] = news.generation; }
  void note(ShardRecords& news) {
    CAF_CHECK(assigned.contains(news.shard) && !loaded.contains(news.shard));
    auto& all = records[news.shard];
    for (auto& record : news.records)
      all.push_back(std::move(record));
  }
  void note(ShardLoaded& news) { loaded.insert(news.shard); }
  void note(ShardRevoked&) { CAF_FAIL("nobody can revoke them"); }
  void note(StateAppended& news) { answers.emplace(news.number, news.outcome); }
  void note(StateStoreTrouble& news) {
    troubles.push_back(news.state ? "" : news.state.error().text);
  }

  std::unique_ptr<FileStateStore> store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  std::uint64_t number_ = 0;
};

void refuses(const std::string& folder, std::string_view word) {
  const auto store = FileStateStore::open({folder, 4});
  CAF_REQUIRE(!store);
  CAF_CHECK(store.error().text.find(folder) != std::string::npos);
  if (store.error().text.find(word) == std::string::npos)
    CAF_ERROR("'" << store.error().text << "' does not say '" << word << "'");
}

} // namespace

CAF_TEST(what_was_appended_is_there_in_the_next_life) {
  const TemporaryFolder folder;
  for (std::uint64_t life = 0; life != 3; ++life) {
    Owner owner{folder.path(), 4};
    owner.await_loaded(4);
    for (std::uint32_t shard = 0; shard != 4; ++shard) {
      CAF_CHECK_EQUAL(owner.assigned.at(shard), life + 1);
      CAF_CHECK_EQUAL(owner.records[shard].size(), life);
      CAF_CHECK(owner.append(shard, {{"key", std::string(100'000, 'x')}}));
    }
    CAF_CHECK(owner.troubles.empty());
    CAF_CHECK(owner.store().notes().empty());
  }
}

CAF_TEST(what_is_under_way_at_the_end_is_written) {
  const TemporaryFolder folder;
  {
    Owner owner{folder.path(), 1};
    owner.await_loaded(1);
    for (std::uint64_t number = 0; number != 50; ++number)
      owner.store().append(0, number, {{std::to_string(number), "value"}});
  }
  Owner owner{folder.path(), 1};
  owner.await_loaded(1);
  CAF_CHECK_EQUAL(owner.records[0].size(), 50u);
}

CAF_TEST(more_than_fits_into_memory_is_handed_out_bit_by_bit) {
  const TemporaryFolder folder;
  constexpr int records = 300;
  const std::string value(100'000, 'v');
  {
    Owner owner{folder.path(), 2};
    owner.await_loaded(2);
    for (int number = 0; number != records; ++number)
      owner.store().append(1, 0, {{std::to_string(number), value}});
  }
  auto opened = FileStateStore::open({folder.path(), 2});
  CAF_REQUIRE(opened);
  std::size_t most = 0;
  std::size_t found = 0;
  bool loaded = false;
  while (!loaded) {
    std::size_t bytes = 0;
    for (const auto& event : (*opened)->take_events()) {
      if (const auto* some = std::get_if<ShardRecords>(&event))
        for (const auto& record : some->records) {
          bytes += record.value.size();
          ++found;
        }
      if (const auto* end = std::get_if<ShardLoaded>(&event))
        loaded = end->shard == 1;
    }
    most = std::max(most, bytes);
  }
  CAF_CHECK_EQUAL(found, std::size_t{records});
  CAF_CHECK_LESS(most, std::size_t{12} << 20);
}

CAF_TEST(two_nodes_cannot_have_one_folder) {
  const TemporaryFolder folder;
  {
    Owner owner{folder.path(), 4};
    refuses(folder.path(), "another node has it open");
  }
  Owner owner{folder.path(), 4};
}

CAF_TEST(a_folder_that_will_not_do_is_named_with_the_reason) {
  const TemporaryFolder folder;
  refuses(folder / "absent", "the folder must exist");
  folder.write("file", "");
  refuses(folder / "file", "must name a folder");
  const auto foreign = folder / "foreign";
  std::filesystem::create_directory(foreign);
  folder.write("foreign/generation", "42");
  refuses(foreign, "'generation'");
  std::filesystem::remove(foreign + "/generation");
  folder.write("foreign/shard-2.log", "dear diary");
  refuses(foreign, "is not one of millrace's");
  refuses("/proc", "cannot keep state in the folder /proc");
}

CAF_TEST(another_number_of_shards_is_said_and_leaves_no_files) {
  const TemporaryFolder folder;
  { Owner owner{folder.path(), 8}; }
  Owner owner{folder.path(), 2};
  const auto& notes = owner.store().notes();
  CAF_REQUIRE_EQUAL(notes.size(), 1u);
  CAF_CHECK(notes.front().find("changed from 8 to 2") != std::string::npos);
  CAF_CHECK_EQUAL(folder.entries(), 2u + 2u); // lock and generation
}

CAF_TEST(a_disk_that_takes_no_more_is_told_of_once_and_tried_again) {
  const TemporaryFolder folder;
  Owner owner{folder.path(), 2};
  owner.await_loaded(2);
  CAF_REQUIRE(owner.append(0, {{"first", "value"}}));
  // A limit of the process stands for the disk's.
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  CAF_REQUIRE_EQUAL(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto limit = before;
  limit.rlim_cur = 20'000;
  CAF_REQUIRE_EQUAL(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const std::string large(100'000, 'x');
  const auto full = owner.append(0, {{"large", large}});
  const auto still_full = owner.append(0, {{"large", large}});
  const auto other = owner.append(1, {{"large", large}});
  CAF_REQUIRE_EQUAL(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, ignored);
  CAF_REQUIRE(!full);
  CAF_CHECK(full.error().text.find("cannot write") == 0);
  CAF_CHECK(!still_full);
  CAF_CHECK(!other);
  CAF_REQUIRE_EQUAL(owner.troubles.size(), 1u);
  CAF_CHECK(!owner.troubles.front().empty());
  CAF_CHECK(owner.append(0, {{"large", large}}));
  CAF_CHECK_EQUAL(owner.troubles.size(), 1u);
  CAF_CHECK(owner.append(1, {{"large", large}}));
  CAF_CHECK_EQUAL(owner.troubles.size(), 2u);
  CAF_CHECK(owner.troubles.back().empty());
  owner.store().close(10s);
  Owner again{folder.path(), 2};
  again.await_loaded(2);
  CAF_CHECK_EQUAL(again.records[0].size(), 2u);
}
