// Files built to cost much: each must be refused, or read, in little time and
// memory. A child process a file, so that its peak is its own.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "common/config/config.h"
#include "common/error/check.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "common/tensorfile/safetensors.h"
#include "common/tensorfile/shard_index.h"
#include "data/media/decode_image.h"
#include "data/records/data_report.h"
#include "data/records/prompt_records.h"
#include "data/tokenizer/chat_template.h"
#include "data/tokenizer/tokenizer.h"
#include "eval/tasks/evaluation_set.h"
#include "model/model_config.h"
#include "reward/offline_scoring.h"
#include "reward/reward_config.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

constexpr int64_t kFreeBytes = int64_t{64} << 20;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsMeasured = false;  // sanitizers cost their own
#else
constexpr bool kIsMeasured = true;
#endif

std::string repeat(const std::string& text, size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string little_endian(uint64_t value) {
  std::string out(8, '\0');
  for (char& byte : out) {
    byte = static_cast<char>(value & 0xff);
    value >>= 8;
  }
  return out;
}

std::string big_endian(uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xff);
  }
  return out;
}

struct Outcome {
  bool refused = false;  // with an ume::Error; anything else is neither
  bool ended = false;    // the child came to its end
  double seconds = 0.0;  // of CPU
  int64_t grown_bytes = 0;
};

int64_t peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} << 10;
}

// Reads `file` in a child; `grown_bytes` is how far its peak went up.
Outcome read_in_child(const std::string& file,
                      const std::function<void(const std::string&)>& read) {
  int pipes[2];
  REQUIRE(pipe(pipes) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const int64_t before = peak_bytes();
    char refused = 0;
    try {
      read(file);
    } catch (const Error&) {
      refused = 1;
    } catch (...) {
      refused = 2;
    }
    const int64_t grown = peak_bytes() - before;
    const bool written = write(pipes[1], &refused, 1) == 1 &&
                         write(pipes[1], &grown, sizeof grown) == sizeof grown;
    _exit(written ? 0 : 1);
  }
  close(pipes[1]);
  Outcome outcome;
  char refused = 0;
  outcome.ended =
      ::read(pipes[0], &refused, 1) == 1 &&
      ::read(pipes[0], &outcome.grown_bytes, sizeof outcome.grown_bytes) ==
          sizeof outcome.grown_bytes;
  close(pipes[0]);
  outcome.refused = refused == 1;
  rusage usage{};
  int status = 0;
  wait4(child, &status, 0, &usage);
  outcome.seconds = static_cast<double>(usage.ru_utime.tv_sec) +
                    static_cast<double>(usage.ru_utime.tv_usec) * 1e-6;
  return outcome;
}

void check_refused(const std::string& name,
                   const std::string& content,
                   const std::function<void(const std::string&)>& read) {
  INFO(name);
  const ScratchFolder folder;
  const std::string path = folder / name;
  std::ofstream(path, std::ios::binary) << content;
  const Outcome outcome = read_in_child(path, read);
  CHECK(outcome.ended);
  CHECK(outcome.refused);
  const auto size = static_cast<int64_t>(content.size());
  INFO(size << " bytes took " << outcome.seconds << " s and "
            << outcome.grown_bytes << " bytes of memory");
  if (!kIsMeasured) return;
  CHECK(outcome.grown_bytes <= 2 * size + kFreeBytes);
  CHECK(outcome.seconds <= 1.0);
}

std::string whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void read_tensors(const std::string& path) {
  TensorFile::open(path);
}

std::string tensor_file(const std::string& header, const std::string& data) {
  return little_endian(header.size()) + header + data;
}

TEST_CASE("hostile files: a safetensors header is refused within its bounds") {
  std::string many = "{";
  for (int i = 0; i < 100'000; ++i) {
    many += "\"t" + std::to_string(i) +
            R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)";
  }
  check_refused("hundred_thousand_tensors.safetensors",
                tensor_file(many + R"("x":{"dtype":"U8","shape":[1]}})", ""),
                read_tensors);
  check_refused("deep.safetensors",
                tensor_file("{\"a\":" + repeat("[", 100'000), ""),
                read_tensors);
  check_refused(
      "long_metadata.safetensors",
      tensor_file(
          "{\"__metadata__\":{" + repeat("\"a\":\"b\",", 1'000'000) + "}}", ""),
      read_tensors);
  check_refused("long_name.safetensors",
                tensor_file("{\"" + repeat("a", 60 << 20) + "\":[]}", ""),
                read_tensors);
  check_refused("long_number.safetensors",
                tensor_file("{\"a\":" + repeat("7", 60 << 20), ""),
                read_tensors);
  check_refused("long_word.safetensors",
                tensor_file("{\"a\":" + repeat("a", 60 << 20), ""),
                read_tensors);
  check_refused("blanks.safetensors",
                tensor_file("{" + repeat(" ", 60 << 20) + "\"a\":1}", ""),
                read_tensors);
  check_refused("blanks_behind.safetensors",
                tensor_file("{\"a\":1}" + repeat(" ", 60 << 20), ""),
                read_tensors);
  check_refused("long_header.safetensors",
                tensor_file("{" + repeat(" ", 66 << 20) + "}", ""),
                read_tensors);
}

TEST_CASE("hostile files: an index of shards is refused within its bounds") {
  for (const auto& [name, text] :
       std::vector<std::pair<std::string, std::string>>{
           {"number", "{\"weight_map\":" + repeat("7", 60 << 20)},
           {"word", "{\"weight_map\":" + repeat("a", 60 << 20)},
           {"open_text", "{\"weight_map\":\"" + repeat("a", 60 << 20)},
           {"text", "{\"weight_map\":\"" + repeat("a", 60 << 20) + "\"}"},
           {"blanks", "{" + repeat(" ", 60 << 20) + "}"}}) {
    check_refused(name + ".index.json", text, [](const std::string& path) {
      parse_shard_index(read_file(path, 64u << 20), path);
    });
  }
}

// JSON texts that no reader here can want.
std::vector<std::pair<std::string, std::string>> hostile_json() {
  std::string keys = "{";
  for (int i = 0; i < 300'000; ++i) keys += "\"" + std::to_string(i) + "\":0,";
  return {{"deep_lists", repeat("[", 100'000) + repeat("]", 100'000)},
          {"deep_objects", repeat("{\"a\":", 100'000)},
          {"empty_lists", "[" + repeat("[],", 1'300'000) + "[]]"},
          {"empty_objects", "[" + repeat("{},", 1'300'000) + "{}]"},
          {"numbers", "[" + repeat("1,", 2'000'000) + "1]"},
          {"small_objects", "[" + repeat("{\"a\":{}},", 400'000) + "{}]"},
          {"texts", "[" + repeat("\"\",", 1'300'000) + "\"\"]"},
          {"keys", keys + "\"a\":0}"},
          {"long_number", "{\"a\":" + repeat("7", 4 << 20)},
          {"open_text", "{\"a\":\"" + repeat("b", 4 << 20)}};
}

TEST_CASE("hostile files: JSON is refused within its bounds, whoever reads") {
  for (const auto& [name, text] : hostile_json()) {
    check_refused(name + "_tokenizer.json", text, [](const std::string& path) {
      Tokenizer::from_json(whole(path), path);
    });
    check_refused(name + "_config.json", text, [](const std::string& path) {
      parse_model_config(whole(path), path);
    });
    check_refused(name + "_record.jsonl", text,
                  [](const std::string& path) { inspect_data(path); });
    check_refused(name + "_prompt.jsonl", text, [](const std::string& path) {
      parse_prompt(whole(path), path);
    });
    check_refused(name + "_trajectory.jsonl", "{\"cohort\":" + text + "}",
                  [](const std::string& path) { read_trajectory_file(path); });
    check_refused(name + "_tasks.json", text, [](const std::string& path) {
      read_evaluation_set(path, "test");
    });
  }
}

// Longest runs that the split pattern leaves whole, or that have no boundary
// where one is looked for.
TEST_CASE("hostile files: tokenizing takes linear time for any run") {
  const std::string path = "tests/fixtures/parity/tokenizer";
  const Tokenizer tokenizer = Tokenizer::load(path);
  constexpr size_t kNumBytes = 10'000'000;
  for (const std::string& unit :
       {std::string("a"), std::string(" "), std::string("\n"), std::string("1"),
        std::string("!"), std::string("\xf0\x9f\x98\x80"),
        std::string("e\xcc\x81"), std::string("\xff"),
        std::string("\xed\xa0\x80"), std::string("<|im_start|"),
        std::string("'s")}) {
    CAPTURE(unit);
    const std::string text = repeat(unit, kNumBytes / unit.size());
    const Outcome outcome = read_in_child(path, [&](const std::string&) {
      UME_CHECK(!tokenizer.encode(text).empty(), "no token");
    });
    CHECK(outcome.ended);
    CHECK_FALSE(outcome.refused);
    INFO(outcome.seconds << " s, " << outcome.grown_bytes << " bytes");
    if (kIsMeasured) CHECK(outcome.seconds <= 5.0);
  }
}

TEST_CASE("hostile files: YAML is refused within its bounds") {
  std::string aliases = "a0: &a0 [1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    aliases += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" +
               repeat(before + ",", 8) + before + "]\n";
  }
  for (const auto& [name, text] :
       std::vector<std::pair<std::string, std::string>>{
           {"aliases", aliases},
           {"deep_lists", repeat("[", 100'000)},
           {"deep_maps", repeat("{a: ", 100'000)},
           {"deep_lines", repeat("- ", 100'000)},
           {"keys", repeat("? ", 100'000)},
           {"quotes", "a: \"" + repeat("\\x41", 200'000)},
           {"anchors", repeat("&a ", 100'000)},
           {"lines", repeat("a\n", 100'000)}}) {
    check_refused(name + ".yaml", text, [](const std::string& path) {
      parse_config<RewardConfig>(read_config_text(path), path);
    });
    check_refused("list_" + name + ".yaml", text,
                  [](const std::string& path) { inspect_data(path); });
  }
}

// A picture of `width` x `height` whose data stops after the header.
std::string png_header(uint32_t width, uint32_t height) {
  return std::string("\x89PNG\r\n\x1a\n", 8) + big_endian(13) + "IHDR" +
         big_endian(width) + big_endian(height) +
         std::string("\x08\x02\x00\x00\x00", 5);
}

TEST_CASE("hostile files: pictures cost what they hold, not what they claim") {
  const auto decode = [](const std::string& path) {
    decode_image(read_media_file(open_media_file(path), 32 << 20), path);
  };
  check_refused("bomb.png", png_header(1 << 30, 1 << 30) + "    ", decode);
  // The right checksum, and pixels of which two bytes are there.
  check_refused("claims.png",
                png_header(8000, 8000) + "\x89\x93\x3a\xa3" +
                    big_endian(1 << 16) + "IDAT\x78\x9c",
                decode);
  check_refused("not_a_picture.png", repeat("a", 31 << 20), decode);
}

TEST_CASE("hostile files: templates are bounded in work and output") {
  for (const auto& [name, text] :
       std::vector<std::pair<std::string, std::string>>{
           {"doubling", "{% set n = namespace(v='aaaaaaaa') %}" +
                            repeat("{% set n.v = n.v ~ n.v %}", 64) +
                            "{{ n.v }}"},
           {"search",
            "{% set n = namespace(v='aaaaaaaaaaaaaaaa') %}" +
                repeat("{% set n.v = n.v ~ n.v %}", 16) +
                repeat("{{ (n.v ~ 'b' ~ n.v) in (n.v ~ n.v ~ n.v) }}", 900) +
                "{{ unknown }}"},
           {"loops", repeat("{% for a in messages %}", 60) + "{{ unknown }}"},
           {"parentheses", "{{ " + repeat("(", 200'000)},
           {"comments", repeat("{#", 100'000)},
           {"blocks", repeat("{% if 1 %}", 25'000)}}) {
    check_refused(name + ".jinja", text, [](const std::string& path) {
      ChatTemplate::parse(whole(path), path)
          .render(std::vector<ChatMessage>(4, ChatMessage{"user", "a", {}}));
    });
  }
}

}  // namespace
}  // namespace ume
