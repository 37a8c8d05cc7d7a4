#include "data/records/token_records.h"

#include <catch2/catch.hpp>

#include "common/error/error.h"

namespace ume {
namespace {

TEST_CASE("a text or its ids are read with the record's id") {
  const TextRecord text =
      parse_text_record(R"({"text": "a\u0000\ud83d\ude00", "id": 7})", "F");
  CHECK(text.id == "7");
  CHECK(text.text == std::string("a\0\xf0\x9f\x98\x80", 6));
  const IdsRecord ids =
      parse_ids_record(R"({"ids": [0, 9223372036854775807], "x": {}})", "F");
  CHECK(ids.id == "null");
  CHECK(ids.ids == std::vector<int64_t>{0, INT64_MAX});
}

TEST_CASE("what is no text or no list of ids is refused by name") {
  const auto refused_text = [](const std::string& json, const char* why) {
    INFO(json);
    CHECK_THROWS_WITH(parse_text_record(json, "F, line 4"),
                      Catch::StartsWith("F, line 4: ") && Catch::Contains(why));
  };
  refused_text(R"({})", "text: missing");
  refused_text(R"({"text": 3})", "expected a text, found 3");
  refused_text(R"({"text": "a", "id": []})", "id: expected");
  refused_text(R"({"text": "a", "id": false})", "found false");
  refused_text(R"({"text": "a", "id": 18446744073709551616})",
               "id: expected a number that keeps its digits");
  refused_text(R"(["text"])", "expected an object");
  refused_text("{\"text\": \"\xff\"}", "UTF-8");
  refused_text(R"({"text": "\ud83d"})", "surrogate");
  const auto refused_ids = [](const std::string& json, const char* why) {
    INFO(json);
    CHECK_THROWS_WITH(parse_ids_record(json, "F, line 4"),
                      Catch::StartsWith("F, line 4: ") && Catch::Contains(why));
  };
  refused_ids(R"({"ids": "1"})", "expected a list");
  refused_ids(R"({"ids": [1, -1]})", "found -1");
  refused_ids(R"({"ids": [1.5]})", "found 1.5");
  refused_ids(R"({"ids": [true]})", "found true");
  refused_ids(R"({"ids": [18446744073709551615]})", "found 18446744073709");
}

TEST_CASE("a long bad line does not end up in the message") {
  const std::string json = "{\"text\": \"" + std::string(1u << 20, 'x');
  try {
    parse_text_record(json, "F, line 4");
    FAIL("accepted");
  } catch (const InvalidInput& error) {
    CHECK(std::string(error.what()).size() < 500);
  }
}

}  // namespace
}  // namespace ume
