#include "common/files/jsonl_writer.h"

#include <catch2/catch.hpp>

#include "common/error/error.h"
#include "common/files/files.h"
#include "tests/support/scratch_folder.h"

using namespace ume;

TEST_CASE("jsonl: lines are appended, by later writers too") {
  ScratchFolder folder;
  const std::string path = folder / "metrics.jsonl";
  {
    JsonlWriter writer(path);
    writer.append(R"({"a": 1})");
    CHECK(read_file(path) == "{\"a\": 1}\n");
  }
  JsonlWriter(path).append(R"({"a": 2})");
  CHECK(read_file(path) == "{\"a\": 1}\n{\"a\": 2}\n");
}

TEST_CASE("jsonl: a torn last line is cut off, however long") {
  ScratchFolder folder;
  const std::string path = folder / "metrics.jsonl";
  for (const std::string& torn :
       {std::string("{\"a"), std::string(10'000, 'x')}) {
    for (const std::string& whole : {std::string("{}\n"), std::string()}) {
      write_file_atomic(path, whole + torn);
      JsonlWriter(path).append("[1]");
      CHECK(read_file(path) == whole + "[1]\n");
    }
  }
}

TEST_CASE("jsonl: refuses line breaks and paths that cannot be opened") {
  ScratchFolder folder;
  JsonlWriter writer(folder / "m.jsonl");
  CHECK_THROWS_AS(writer.append("a\nb"), InvalidInput);
  CHECK_THROWS_AS(JsonlWriter(folder / "none/m.jsonl"), IoError);
}
