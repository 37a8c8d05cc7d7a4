// ume_bench_tokenizer MODEL DOCUMENTS IDS: tokenizes the documents of a file
// (separated by NUL) once for every line on stdin and prints the seconds that
// it took; writes the ids of all documents to IDS, int64, first. Driven by
// bench/tokenizer.py.
//
// ume_bench_tokenizer MODEL: worst cases, 10 MB each.

#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "bench/figures.h"
#include "common/files/files.h"
#include "data/tokenizer/tokenizer.h"

namespace ume {
namespace {

constexpr size_t kWorstBytes = 10'000'000;

std::vector<std::string> read_documents(const std::string& path) {
  const std::string all = read_file(path, uint64_t{1} << 30);
  std::vector<std::string> documents;
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find('\0', begin), all.size());
    documents.push_back(all.substr(begin, end - begin));
    begin = end + 1;
  }
  return documents;
}

size_t encode_all(const Tokenizer& tokenizer,
                  const std::vector<std::string>& documents,
                  std::vector<int64_t>* ids) {
  size_t total = 0;
  for (const std::string& document : documents) {
    const auto found = tokenizer.encode(document);
    total += found.size();
    if (ids != nullptr) ids->insert(ids->end(), found.begin(), found.end());
  }
  return total;
}

void serve_rounds(const Tokenizer& tokenizer,
                  const std::string& documents_path,
                  const std::string& ids_path) {
  const auto documents = read_documents(documents_path);
  std::vector<int64_t> ids;
  encode_all(tokenizer, documents, &ids);
  std::ofstream(ids_path, std::ios::binary)
      .write(reinterpret_cast<const char*>(ids.data()),
             static_cast<std::streamsize>(ids.size() * sizeof(int64_t)));
  std::printf("%zu\n", ids.size());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    size_t total = 0;
    const double seconds =
        seconds_of([&] { total = encode_all(tokenizer, documents, nullptr); });
    std::printf("%.9f %zu\n", seconds, total);
    std::fflush(stdout);
  }
}

std::string repeated(const std::string& piece) {
  std::string text;
  text.reserve(kWorstBytes + piece.size());
  while (text.size() < kWorstBytes) text += piece;
  return text;
}

// Characters drawn from [first, first + count) of three bytes each.
std::string drawn(uint32_t first, uint32_t count) {
  std::string text;
  uint64_t state = 1;
  while (text.size() < kWorstBytes) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    const uint32_t c = first + static_cast<uint32_t>((state >> 33) % count);
    text += static_cast<char>(0xE0 | (c >> 12));
    text += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  }
  return text;
}

void measure_worst_cases(const Tokenizer& tokenizer) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"one_letter", repeated("a")},
      {"alphabet", repeated("abcdefghijklmnopqrstuvwxyz")},
      {"spaces", repeated(" ")},
      {"newlines", repeated("\n")},
      {"digits", repeated("0123456789")},
      {"emoji", repeated("\xF0\x9F\x99\x82")},
      {"punctuation", repeated("!?.,;-")},
      {"han_drawn", drawn(0x4E00, 20'000)},
      {"hangul_drawn", drawn(0xAC00, 11'000)},
      {"marks", repeated("\xCC\x96\xCC\x81")},
      {"decomposed", repeated("e\xCC\x81")},
      {"control_prefix", repeated("<|im_en")},
      {"invalid_utf8", repeated("\xFF")},
  };
  for (const auto& [name, text] : cases) {
    // The processor's time: other programs do not count.
    const std::clock_t start = std::clock();
    const size_t tokens = tokenizer.encode(text).size();
    const double seconds =
        static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    print_figure("tokenizer.worst." + name, seconds, "s",
                 "10 MB, " + std::to_string(tokens) + " tokens");
  }
}

}  // namespace
}  // namespace ume

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) return 2;
  const auto tokenizer = ume::Tokenizer::load(argv[1]);
  if (argc == 2) {
    ume::measure_worst_cases(tokenizer);
  } else {
    ume::serve_rounds(tokenizer, argv[2], argv[3]);
  }
  return 0;
}
