#include "common/tensorfile/safetensors.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/error/error.h"
#include "common/tensorfile/bounded_json.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

// A file's bytes from its header text and data; the length is right unless
// given.
std::vector<std::byte> file_bytes(const std::string& header,
                                  const std::string& data,
                                  std::optional<uint64_t> length = {}) {
  const uint64_t size = length.value_or(header.size());
  std::vector<std::byte> out(8 + header.size() + data.size());
  std::memcpy(out.data(), &size, 8);
  std::memcpy(out.data() + 8, header.data(), header.size());
  std::memcpy(out.data() + 8 + header.size(), data.data(), data.size());
  return out;
}

std::string tensor(const std::string& name,
                   const std::string& dtype,
                   const std::string& shape,
                   const std::string& offsets) {
  return '"' + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape +
         R"(,"data_offsets":)" + offsets + "}";
}

std::string refusal(const std::vector<std::byte>& bytes) {
  try {
    parse_safetensors(bytes, "file");
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "accepted";
}

class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(fs::temp_directory_path() / (name + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }
  std::string text() const { return path_.string(); }

 private:
  fs::path path_;
};

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

const std::string kGood = '{' + tensor("a", "F32", "[2]", "[0,8]") + '}';
const std::string kEight(8, 'x');

}  // namespace

TEST_CASE("safetensors: reads names, types, shapes, bytes and metadata") {
  const std::string header = R"({"__metadata__":{"format":"pt"},)" +
                             tensor("b", "BF16", "[1,2]", "[8,12]") + ',' +
                             tensor("a", "F32", "[2]", "[0,8]") + ',' +
                             tensor("none", "I64", "[0,3]", "[12,12]") + ',' +
                             tensor("scalar", "U8", "[]", "[12,13]") + "}   ";
  const auto bytes = file_bytes(header, "0123456789abc");
  TensorMetadata metadata;
  const TensorViews views = parse_safetensors(bytes, "file", &metadata);
  REQUIRE(views.size() == 4);
  CHECK(metadata == TensorMetadata{{"format", "pt"}});
  CHECK(views.at("b").dtype == DType::kBF16);
  CHECK(views.at("b").shape == std::vector<int64_t>{1, 2});
  CHECK(std::to_integer<char>(views.at("b").bytes[0]) == '8');
  CHECK(views.at("none").bytes.empty());
  CHECK(views.at("scalar").bytes.size() == 1);
}

TEST_CASE("safetensors: refuses what is not a whole file") {
  CHECK(refusal({}).find("too short") != std::string::npos);
  CHECK(refusal(std::vector<std::byte>(7)).find("too short") !=
        std::string::npos);
  CHECK(refusal(file_bytes(kGood, kEight, uint64_t{1} << 63))
            .find("header of 9223372036854775808") != std::string::npos);
  CHECK(refusal(file_bytes(kGood, kEight, UINT64_MAX)) != "accepted");
  CHECK(refusal(file_bytes(kGood, kEight, 4000)) != "accepted");
  CHECK(refusal(file_bytes("", "")) != "accepted");
  // Truncated anywhere.
  const auto whole = file_bytes(kGood, kEight);
  REQUIRE(refusal(whole) == "accepted");
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(refusal({whole.begin(), whole.begin() + static_cast<long>(size)}) !=
          "accepted");
  }
  CHECK(refusal(file_bytes(kGood, kEight + "y")).find("1 bytes after") !=
        std::string::npos);
}

TEST_CASE("safetensors: refuses hostile headers, naming the tensor") {
  const auto one = [](const std::string& dtype, const std::string& shape,
                      const std::string& offsets) {
    return refusal(
        file_bytes('{' + tensor("w", dtype, shape, offsets) + '}', kEight));
  };
  // A product that wraps to 4 in 64 bits.
  CHECK(one("U8", "[4194305,4194305,211106198978564]", "[0,8]")
            .find("\"w\" has a shape whose size overflows") !=
        std::string::npos);
  CHECK(one("F32", "[4611686018427387904]", "[0,8]").find("overflows") !=
        std::string::npos);
  CHECK(one("F32", "[3]", "[0,8]").find("need 12") != std::string::npos);
  CHECK(one("F32", "[1]", "[8,4]").find("lies at [8, 4)") != std::string::npos);
  CHECK(one("F32", "[2]", "[0,9]").find("lies at") != std::string::npos);
  CHECK(one("F32", "[1]", "[4,8]").find("begins at byte 4") !=
        std::string::npos);
  CHECK(one("F32", "[-2]", "[0,8]").find("negative") != std::string::npos);
  CHECK(one("F32", "[2.0]", "[0,8]").find("fractional") != std::string::npos);
  CHECK(one("F32", "[1e400]", "[0,8]") != "accepted");
  CHECK(one("F32", "[18446744073709551615]", "[0,8]").find("2^63") !=
        std::string::npos);
  CHECK(one("F32", "[99999999999999999999]", "[0,8]") != "accepted");
  CHECK(one("F33", "[2]", "[0,8]").find("unknown dtype \"F33\"") !=
        std::string::npos);
  CHECK(one("F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]").find("8 dimensions") !=
        std::string::npos);
  CHECK(one("F32", "2", "[0,8]") != "accepted");
  CHECK(one("F32", "[[2]]", "[0,8]") != "accepted");
  CHECK(one("F32", "[2]", "[0]").find("two integers") != std::string::npos);
  CHECK(one("F32", "[2]", "[0,4,8]").find("two integers") != std::string::npos);
  CHECK(one("F32", "[null]", "[0,8]") != "accepted");
}

TEST_CASE("safetensors: a name or value of many megabytes is refused unread") {
  const std::string longest(8 << 20, 'a');
  const auto with_text = [](const std::string& text) {
    return refusal(file_bytes(R"({"__metadata__":{"a":")" + text + "\"}}", ""));
  };
  CHECK(with_text(longest) == "accepted");
  CHECK(with_text(longest + "a").find("a text of more than 8388608") !=
        std::string::npos);
  // A quoted '"' does not end it.
  CHECK(with_text(longest + "\\\"" + longest).find("a text of more than") !=
        std::string::npos);
}

TEST_CASE("safetensors: a number or word of many bytes is refused unread") {
  const auto shape = [](const std::string& number) {
    return refusal(file_bytes(
        '{' + tensor("w", "F32", '[' + number + ']', "[0,8]") + '}', kEight));
  };
  CHECK(shape(std::string(63, '0') + '2').find("not valid JSON") !=
        std::string::npos);
  CHECK(shape(std::string(64, '0') + '2')
            .find("header: a number or word of more than 64 bytes in JSON") !=
        std::string::npos);
  CHECK(refusal(file_bytes("{\"a\":\"b\\\\\"" + std::string(65, 'x'), ""))
            .find("word of more than 64") != std::string::npos);
  // The library's message quotes what it has read.
  CHECK(refusal(file_bytes("{\"a" + std::string(1 << 20, 'x'), "")).size() <
        600);
}

TEST_CASE(
    "safetensors: names in messages hold nothing that acts on terminals") {
  const std::string said = refusal(file_bytes(
      '{' + tensor("a\\u001b[2J", "F32", "[3]", "[0,8]") + '}', kEight));
  CHECK(said.find("\"a?[2J\"") != std::string::npos);
  CHECK(said.find('\x1b') == std::string::npos);
}

TEST_CASE("safetensors: a header filled up with blanks is read") {
  CHECK(refusal(file_bytes(kGood + std::string(9 << 20, ' '), kEight)) ==
        "accepted");
}

TEST_CASE("safetensors: refuses overlap, repeats and foreign structure") {
  const std::string a = tensor("a", "F32", "[2]", "[0,8]");
  const auto header = [](const std::string& text,
                         const std::string& data = kEight) {
    return refusal(file_bytes(text, data));
  };
  CHECK(header('{' + a + ',' + tensor("b", "F32", "[2]", "[4,12]") + '}',
               kEight + "zzzz")
            .find("expected 8") != std::string::npos);
  CHECK(header('{' + a + ',' + tensor("a", "F32", "[2]", "[8,16]") + '}',
               kEight + kEight)
            .find("\"a\" appears twice") != std::string::npos);
  CHECK(header(' ' + kGood).find("start with '{'") != std::string::npos);
  CHECK(header(kGood + "x") != "accepted");
  CHECK(header(kGood + '\0') != "accepted");
  CHECK(header("{\"a\":" + std::string(100'000, '[')) != "accepted");
  CHECK(header("{\"a\":" + std::string(100'000, '{')) != "accepted");
  CHECK(header("{\"\xff\":{}}") != "accepted");
  CHECK(header(R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],)"
               R"("data_offsets":[0,8]}})")
            .find("has dtype twice") != std::string::npos);
  CHECK(header(R"({"a":{"dtype":"F32","shape":[2]}})").find("lacks") !=
        std::string::npos);
  CHECK(header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],)"
               R"("more":1}})")
            .find("unknown field \"more\"") != std::string::npos);
  CHECK(header(R"({"a":5})") != "accepted");
  CHECK(header(R"({"a":[]})") != "accepted");
  CHECK(header("[]") != "accepted");
  CHECK(header(R"({"__metadata__":{"k":1},)" + a + '}') != "accepted");
  CHECK(header(R"({"__metadata__":{"k":{}},)" + a + '}') != "accepted");
  CHECK(
      header(R"({"__metadata__":{"k":"1","k":"2"},)" + a + '}').find("twice") !=
      std::string::npos);
}

TEST_CASE("safetensors: writing twice gives the same bytes, sorted, aligned") {
  const Folder folder("ume_safetensors_");
  const std::string odd = "abc";
  const float values[2] = {1.5f, -2.0f};
  TensorViews views;
  views["z"] = {DType::kF32, {2}, std::as_bytes(std::span(values))};
  views["a\"quoted"] = {DType::kU8, {3}, std::as_bytes(std::span(odd))};
  views["b"] = {DType::kF32, {2, 1}, std::as_bytes(std::span(values))};
  write_safetensors(folder / "one", views);
  write_safetensors(folder / "two", views);
  const TensorFile one = TensorFile::open(folder / "one");
  const TensorFile two = TensorFile::open(folder / "two");
  CHECK(one.metadata() == TensorMetadata{{"format", "pt"}});
  REQUIRE(one.tensors().size() == 3);
  CHECK(std::to_integer<char>(one.at("a\"quoted").bytes[2]) == 'c');
  CHECK(std::memcmp(one.at("z").bytes.data(), values, 8) == 0);
  CHECK(reinterpret_cast<uintptr_t>(one.at("b").bytes.data()) % 8 == 0);
  CHECK(one.at("b").bytes.data() < one.at("z").bytes.data());
  CHECK(fs::file_size(folder / "one") == fs::file_size(folder / "two"));
  CHECK_THROWS_WITH(one.at("q"), Catch::Contains("no tensor \"q\""));
  CHECK(std::distance(fs::directory_iterator(folder.text()), {}) == 2);
}

TEST_CASE("safetensors: a file that cannot be written leaves nothing behind") {
  CHECK_THROWS_AS(write_safetensors("/nonexistent/folder/file", {}), IoError);
  const Folder folder("ume_safetensors_fail_");
  fs::create_directories(folder / "taken/x");
  CHECK_THROWS_AS(write_safetensors(folder / "taken", {}), IoError);
  CHECK(std::distance(fs::directory_iterator(folder.text()), {}) == 1);
}

TEST_CASE("TensorFile: a missing file and a folder are input errors") {
  CHECK_THROWS_AS(TensorFile::open("/nonexistent"), IoError);
  CHECK_THROWS_AS(TensorFile::open("/tmp"), IoError);
  const Folder folder("ume_tensorfile_");
  write_text(folder / "empty", "");
  CHECK_THROWS_AS(TensorFile::open(folder / "empty"), InvalidInput);
}

TEST_CASE("TensorFile: a pipe and a link to itself are refused at once") {
  const Folder folder("ume_tensorfile_odd_");
  const std::string index = folder / "model.safetensors.index.json";
  REQUIRE(mkfifo((folder / "model.safetensors").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(TensorFile::open_folder(folder.text()),
                    Catch::Contains("model.safetensors: not a regular file"));
  fs::create_symlink("model.safetensors.index.json", index);
  CHECK_THROWS_WITH(TensorFile::open_folder(folder.text()),
                    Catch::Contains("index.json: cannot open: Too many"));
  fs::remove(index);
  REQUIRE(mkfifo(index.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(TensorFile::open_folder(folder.text()),
                    Catch::Contains("index.json: not a regular file"));
  CHECK_THROWS_AS(read_json_file(index), IoError);
}

TEST_CASE("TensorFile: shards are joined through the index") {
  const TensorFile file =
      TensorFile::open_folder("tests/fixtures/parity/model_a_qwen2vl_tied");
  CHECK(file.tensors().size() == 69);
  CHECK(file.at("model.norm.weight").shape == std::vector<int64_t>{64});
}

TEST_CASE("TensorFile: an index cannot lead out of its folder") {
  const Folder folder("ume_index_");
  const auto refuse = [&](const std::string& name) {
    nlohmann::json index;
    index["weight_map"]["w"] = name;
    write_text(folder / "model.safetensors.index.json", index.dump());
    CAPTURE(name);
    CHECK_THROWS_WITH(TensorFile::open_folder(folder.text()),
                      Catch::Contains("of the same folder"));
  };
  for (const char* name :
       {"../x.safetensors", "/etc/x.safetensors", "a/b.safetensors", "",
        "..safetensors", ".hidden.safetensors", "a\\b.safetensors", "model.bin",
        "file:///x.safetensors", "..", "."}) {
    refuse(name);
  }
  refuse(std::string("a\0.safetensors", 14));
  std::string too_long(300, 'a');
  too_long += ".safetensors";
  refuse(too_long);
}

TEST_CASE("TensorFile: index and shards must agree") {
  const Folder folder("ume_index_agree_");
  const std::string index = folder / "model.safetensors.index.json";
  const float value = 1.0f;
  TensorViews views;
  views["w"] = {DType::kF32, {1}, std::as_bytes(std::span(&value, 1))};
  write_safetensors(folder / "a.safetensors", views);
  write_text(index, R"({"weight_map":{"w":"a.safetensors"}})");
  CHECK(TensorFile::open_folder(folder.text()).tensors().size() == 1);
  write_text(index, R"({"weight_map":{"w":"a.safetensors",)"
                    R"("v":"a.safetensors"}})");
  CHECK_THROWS_WITH(TensorFile::open_folder(folder.text()),
                    Catch::Contains("\"v\" is missing"));
  views["v"] = views["w"];
  write_safetensors(folder / "a.safetensors", views);
  write_text(index, R"({"weight_map":{"w":"a.safetensors"}})");
  CHECK_THROWS_WITH(TensorFile::open_folder(folder.text()),
                    Catch::Contains("\"v\" is not this shard's"));
  for (const char* text :
       {"", "[]", "{}", R"({"weight_map":[]})", R"({"weight_map":{}})",
        R"({"weight_map":{"w":1}})",
        R"({"weight_map":{"w":"a.safetensors","w":"a.safetensors"}})"}) {
    CAPTURE(text);
    write_text(index, text);
    CHECK_THROWS_AS(TensorFile::open_folder(folder.text()), InvalidInput);
  }
}

TEST_CASE("parse_json: bounds size and depth and refuses repeated keys") {
  CHECK(parse_json(R"({"a":[1,{"b":2}]})", "x")["a"][1]["b"] == 2);
  CHECK_THROWS_WITH(parse_json(R"({"a":1,"a":2})", "x"),
                    Catch::Contains("\"a\" appears twice"));
  // The same key in two objects is no repeat.
  CHECK(parse_json(R"([{"a":1},{"a":2}])", "x").size() == 2);
  CHECK_THROWS_WITH(parse_json(std::string(100, '['), "x"),
                    Catch::Contains("deeper than 32"));
  CHECK_THROWS_WITH(parse_json("[1,2,3]", "x", {.max_bytes = 5}),
                    Catch::Contains("at most 5"));
  // Each list of two bytes costs fifty; the text itself is small.
  std::string lists = "[[]";
  for (int i = 0; i < 2000; ++i) lists += ",[]";
  CHECK(parse_json(lists + "]", "x").size() == 2001);
  CHECK_THROWS_WITH(parse_json(lists + "]", "x", {.spare_memory = 50'000}),
                    Catch::Contains("bytes of memory"));
  CHECK_THROWS_AS(parse_json("{", "x"), InvalidInput);
  CHECK_THROWS_WITH(parse_json(std::string_view("1\0 2", 4), "x"),
                    Catch::Contains("NUL byte"));
  CHECK_THROWS_AS(parse_json("\"\xff\"", "x"), InvalidInput);
  CHECK_THROWS_AS(read_json_file("/nonexistent"), IoError);
}

}  // namespace ume
