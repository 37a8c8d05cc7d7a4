#include "data/tokenizer/embedding_tokens.h"

#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/tensorfile/bounded_json.h"
#include "data/internal/json_file.h"
#include "data/tokenizer/tokenizer.h"

namespace ume {
namespace {

using Json = nlohmann::json;

constexpr const char* kGen = "<gen_emb>";
constexpr const char* kDisc = "<disc_emb>";
constexpr size_t kMaxFileBytes = 32u << 20;

// Their ids, or where they will be.
void find_ids(const Tokenizer& tokenizer,
              const std::string& file,
              EmbeddingTokens& out) {
  const auto gen = tokenizer.token_id(kGen);
  const auto disc = tokenizer.token_id(kDisc);
  out.were_there = gen.has_value();
  if (gen.has_value() != disc.has_value()) {
    throw InvalidInput(file + ": has " + (gen ? kGen : kDisc) + " but not " +
                       (gen ? kDisc : kGen));
  }
  out.gen_emb = gen.value_or(tokenizer.vocab_size());
  out.disc_emb = disc.value_or(out.gen_emb + 1);
  if (out.disc_emb != out.gen_emb + 1) {
    throw InvalidInput(file + ": " + kGen + " is token " +
                       std::to_string(out.gen_emb) + " and " + kDisc +
                       " token " + std::to_string(out.disc_emb) +
                       ", expected " + std::to_string(out.gen_emb + 1));
  }
}

// The flags of an added token, as both of a tokenizer's files have them.
Json ordinary_token(const std::string& content) {
  return {{"content", content}, {"single_word", false}, {"lstrip", false},
          {"rstrip", false},    {"normalized", true},   {"special", false}};
}

// The member `name`, made where it is missing or null.
Json& member(Json& root,
             const char* name,
             Json::value_t type,
             const std::string& file) {
  Json& found = root[name];
  if (found.is_null()) found = Json(type);
  if (found.type() != type) {
    throw InvalidInput(file + ": " + name + ": expected " +
                       (type == Json::value_t::array ? "a list" : "an object") +
                       ", found " + quote_json(found));
  }
  return found;
}

}  // namespace

std::string with_embedding_tokens(std::string_view text,
                                  const std::string& name,
                                  const std::string& file,
                                  const EmbeddingTokens& tokens) {
  Json root = parse_json(text, file, {.max_bytes = kMaxFileBytes});
  if (!root.is_object()) throw InvalidInput(file + ": expected an object");
  for (const auto& [content, id] :
       {std::pair{kGen, tokens.gen_emb}, std::pair{kDisc, tokens.disc_emb}}) {
    Json token = ordinary_token(content);
    if (name == "tokenizer.json") {
      token["id"] = id;
      member(root, "added_tokens", Json::value_t::array, file).push_back(token);
    } else if (name == "tokenizer_config.json") {
      member(root, "added_tokens_decoder", Json::value_t::object,
             file)[std::to_string(id)] = token;
    } else {
      root[content] = id;
    }
  }
  return root.dump(2) + "\n";
}

EmbeddingTokens add_embedding_tokens(const std::filesystem::path& model_folder,
                                     int64_t num_rows) {
  const Tokenizer tokenizer = Tokenizer::load(model_folder);
  const std::string file = (model_folder / "tokenizer.json").string();
  EmbeddingTokens out;
  find_ids(tokenizer, file, out);
  if (out.disc_emb >= num_rows) {
    throw InvalidInput(file + ": " + kDisc + " is to be token " +
                       std::to_string(out.disc_emb) +
                       ", but the model has only " + std::to_string(num_rows) +
                       " rows");
  }
  out.gen_donor = tokenizer.required_token_id("<|object_ref_end|>");
  out.disc_donor = tokenizer.required_token_id("<|object_ref_start|>");
  if (out.were_there) return out;
  for (const char* name :
       {"tokenizer.json", "tokenizer_config.json", "added_tokens.json"}) {
    const std::string path = (model_folder / name).string();
    if (!path_exists(path)) continue;
    out.files[name] =
        with_embedding_tokens(read_file(path, kMaxFileBytes), name, path, out);
  }
  return out;
}

}  // namespace ume
