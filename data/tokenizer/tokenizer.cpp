#include "data/tokenizer/tokenizer.h"

#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/text/utf8.h"
#include "data/tokenizer/internal/bpe.h"
#include "data/tokenizer/internal/nfc.h"
#include "data/tokenizer/internal/split.h"
#include "data/tokenizer/internal/token_trie.h"
#include "data/tokenizer/internal/tokenizer_spec.h"
#include "data/tokenizer/internal/word_cache.h"

namespace ume {
namespace {

constexpr size_t kMaxFileBytes = 32u << 20;
constexpr size_t kMaxTextBytes = 256u << 20;

// Calls on_token(id) and on_text(piece) for `text` cut at the trie's tokens.
template <class OnToken, class OnText>
void split_at_tokens(const TokenTrie& trie,
                     std::string_view text,
                     const OnToken& on_token,
                     const OnText& on_text) {
  size_t begin = 0;
  while (begin < text.size()) {
    const auto match = trie.find(text, begin);
    const size_t end = match ? match->begin : text.size();
    if (end > begin) on_text(text.substr(begin, end - begin));
    if (!match) break;
    on_token(match->id);
    begin = match->begin + match->size;
  }
}

}  // namespace

struct Tokenizer::Tables {
  std::string file;
  bool nfc = false;
  std::string bytes;              // of all tokens, by id
  std::vector<uint32_t> offsets;  // [vocab_size + 1] into `bytes`
  std::vector<bool> special;      // [vocab_size]
  std::unordered_map<std::string_view, int64_t> ids;  // views into `bytes`
  BytePairEncoder bpe;
  // Tokens looked for before normalization, all and without control tokens,
  // and after it, likewise.
  TokenTrie raw[2];
  TokenTrie normalized[2];
  // Saves work, changes no result.
  mutable WordCachePool caches;

  // Appends the tokens of a text without added tokens.
  void encode_words(std::string_view text,
                    WordCache& cache,
                    std::vector<int64_t>& ids) const;
};

void Tokenizer::Tables::encode_words(std::string_view text,
                                     WordCache& cache,
                                     std::vector<int64_t>& ids) const {
  size_t end = 0;
  for (size_t begin = 0; begin < text.size(); begin = end) {
    end = next_word_end(text, begin);
    const size_t size = end - begin;
    if (size > WordCache::kMaxWordBytes) {
      bpe.encode(text.substr(begin, size), ids);
      continue;
    }
    const WordCache::Key key = WordCache::key(text, begin, size);
    const auto known = cache.find(key);
    if (!known.empty()) {
      ids.insert(ids.end(), known.begin(), known.end());
      continue;
    }
    const size_t before = ids.size();
    bpe.encode(text.substr(begin, size), ids);
    cache.put(key, std::span(ids).subspan(before));
  }
}

Tokenizer Tokenizer::load(const std::filesystem::path& model_folder) {
  const auto path = model_folder / "tokenizer.json";
  return from_json(read_file(path.string(), kMaxFileBytes), path.string());
}

Tokenizer Tokenizer::from_json(std::string_view json, const std::string& name) {
  TokenizerSpec spec = parse_tokenizer_json(json, name);
  auto tables = std::make_shared<Tables>();
  tables->file = name;
  tables->nfc = spec.nfc;
  tables->bpe =
      BytePairEncoder(spec.byte_ids, std::move(spec.merges), spec.tokens);
  tables->offsets.push_back(0);
  for (const std::string& token : spec.tokens) {
    tables->bytes += token;
    tables->offsets.push_back(static_cast<uint32_t>(tables->bytes.size()));
  }
  tables->special.resize(spec.tokens.size());
  for (const AddedToken& token : spec.added) {
    tables->special[static_cast<size_t>(token.id)] = token.special;
    TokenTrie* tries = token.normalized ? tables->normalized : tables->raw;
    const std::string text =
        token.normalized && spec.nfc ? nfc(token.content) : token.content;
    tries[0].add(text, token.id);
    if (!token.special) tries[1].add(text, token.id);
  }
  // Added tokens first: they win over a vocabulary entry of the same text.
  const Tokenizer tokenizer(tables);
  tables->ids.reserve(spec.tokens.size());
  for (const AddedToken& token : spec.added) {
    tables->ids.emplace(tokenizer.token_bytes(token.id), token.id);
  }
  for (int64_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const std::string_view bytes = tokenizer.token_bytes(id);
    if (!bytes.empty()) tables->ids.emplace(bytes, id);
  }
  return tokenizer;
}

std::vector<int64_t> Tokenizer::encode(std::string_view text,
                                       ControlTokens control) const {
  if (text.size() > kMaxTextBytes) {
    throw InvalidInput("text to tokenize: " + std::to_string(text.size()) +
                       " bytes; at most " + std::to_string(kMaxTextBytes) +
                       " are accepted");
  }
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repaired = replace_invalid_utf8(text);
    text = repaired;
  }
  const int which = control == ControlTokens::kRecognise ? 0 : 1;
  std::vector<int64_t> ids;
  ids.reserve(text.size() / 4);  // prose; what is not used stays untouched
  const auto on_token = [&](int64_t id) { ids.push_back(id); };
  WordCachePool::Loan cache(tables_->caches);
  const auto on_plain = [&](std::string_view plain) {
    tables_->encode_words(plain, *cache, ids);
  };
  const auto on_piece = [&](std::string_view piece) {
    std::string composed;
    if (tables_->nfc && !is_surely_nfc(piece)) {
      composed = nfc(piece);
      piece = composed;
    }
    split_at_tokens(tables_->normalized[which], piece, on_token, on_plain);
  };
  split_at_tokens(tables_->raw[which], text, on_token, on_piece);
  return ids;
}

std::string Tokenizer::decode(std::span<const int64_t> ids,
                              bool skip_special) const {
  std::string bytes;
  for (const int64_t id : ids) {
    if (!skip_special || !is_special(id)) bytes += token_bytes(id);
  }
  return is_valid_utf8(bytes) ? bytes : replace_invalid_utf8(bytes);
}

std::string_view Tokenizer::token_bytes(int64_t id) const {
  if (id < 0 || id >= vocab_size()) return {};
  const auto index = static_cast<size_t>(id);
  const uint32_t begin = tables_->offsets[index];
  return std::string_view(tables_->bytes)
      .substr(begin, tables_->offsets[index + 1] - begin);
}

std::optional<int64_t> Tokenizer::token_id(std::string_view text) const {
  const auto it = tables_->ids.find(text);
  if (it == tables_->ids.end()) return std::nullopt;
  return it->second;
}

int64_t Tokenizer::required_token_id(std::string_view text) const {
  const auto id = token_id(text);
  if (!id) {
    throw InvalidInput(tables_->file + ": no token '" + std::string(text) +
                       "'");
  }
  return *id;
}

bool Tokenizer::is_special(int64_t id) const {
  return id >= 0 && id < vocab_size() &&
         tables_->special[static_cast<size_t>(id)];
}

int64_t Tokenizer::vocab_size() const {
  return static_cast<int64_t>(tables_->offsets.size()) - 1;
}

}  // namespace ume
