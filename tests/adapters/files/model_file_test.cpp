#define CAF_SUITE model_file

#include "adapters/files/model_file.hpp"
#include "logic/detection/model.hpp"

#include "logic/detection/forest_trainer.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <sys/stat.h>

using namespace millrace;
using tests::TemporaryFolder;

namespace {

logic::detection::ModelPtr some_model(std::uint64_t seed) {
  const std::vector<float> rows{1, 2, 3, 4, 5, 60, 7, 8, 9, 10, 11, 12};
  logic::detection::FitOptions options;
  options.trees = 5;
  options.seed = seed;
  auto model = logic::detection::fit_model({rows, 2}, {"a", "b"}, options);
  CAF_REQUIRE(model);
  return *model;
}

void refuses(const std::string& path, logic::ErrorCode code,
             std::string_view word) {
  const auto model = adapters::read_model_file(path);
  CAF_REQUIRE(!model);
  CAF_CHECK(model.error().code == code);
  CAF_CHECK(model.error().text.find(path) != std::string::npos);
  if (model.error().text.find(word) == std::string::npos)
    CAF_ERROR("'" << model.error().text << "' does not say '" << word << "'");
}

} // namespace

CAF_TEST(a_model_is_written_read_and_replaced) {
  const TemporaryFolder folder;
  const auto path = folder / "model.mlr";
  for (const std::uint64_t seed : {1, 2}) {
    const auto model = some_model(seed);
    CAF_REQUIRE(adapters::write_model_file(path, *model));
    const auto again = adapters::read_model_file(path);
    CAF_REQUIRE(again);
    CAF_CHECK_EQUAL((*again)->info.id, model->info.id);
    CAF_CHECK_EQUAL(folder.entries(), 1u);
  }
}

CAF_TEST(what_is_no_model_is_refused_with_path_and_reason) {
  const TemporaryFolder folder;
  refuses(folder / "absent", logic::ErrorCode::not_found, "No such file");
  refuses(folder / "", logic::ErrorCode::io_failed, "not a regular file");
  std::ofstream{folder / "empty"};
  refuses(folder / "empty", logic::ErrorCode::malformed, "empty");
  std::ofstream{folder / "text"} << "user,count\n1,2\n";
  refuses(folder / "text", logic::ErrorCode::malformed, "not a millrace model");
  CAF_REQUIRE_EQUAL(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  refuses(folder / "pipe", logic::ErrorCode::io_failed, "not a regular file");
  CAF_REQUIRE(adapters::write_model_file(folder / "cut", *some_model(1)));
  std::filesystem::resize_file(folder / "cut", 100);
  refuses(folder / "cut", logic::ErrorCode::malformed, "promises");
  std::ofstream{folder / "huge"};
  std::filesystem::resize_file(folder / "huge", 64 * 1024 * 1024);
  refuses(folder / "huge", logic::ErrorCode::malformed, "larger than any");
}

CAF_TEST(a_file_that_cannot_be_written_leaves_nothing_behind) {
  const TemporaryFolder folder;
  CAF_CHECK(!adapters::write_model_file(folder / "no/where", *some_model(1)));
  // A directory stands in the way of the rename.
  std::filesystem::create_directory(folder / "taken");
  std::ofstream{folder / "taken/inside"};
  const auto written = adapters::write_model_file(folder / "taken",
                                                  *some_model(1));
  CAF_REQUIRE(!written);
  CAF_CHECK(written.error().text.find(folder / "taken") != std::string::npos);
  CAF_CHECK_EQUAL(folder.entries(), 1u);
}
