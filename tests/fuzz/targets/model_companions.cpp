#include "data/tokenizer/chat_template.h"
#include "data/tokenizer/embedding_tokens.h"
#include "learner/checkpoint_manifest.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch_file.h"
#include "tests/fuzz/target_functions.h"

// The small JSON files of a model folder or a training checkpoint.
namespace ume::fuzz {
namespace {

void check_manifest(std::string_view content) {
  const std::string path = put_file("manifest.json", content);
  const std::string folder = path.substr(0, path.rfind('/'));
  const CheckpointManifest manifest = read_manifest(folder);
  const std::string written = manifest_json(manifest);
  put_file("manifest.json", written);
  UME_CHECK(manifest_json(read_manifest(folder)) == written,
            "a written manifest reads differently");
}

// Tokens are found again by a second reading.
void check_added_tokens(std::string_view content, const std::string& name) {
  EmbeddingTokens tokens;
  tokens.gen_emb = 300;
  tokens.disc_emb = 301;
  const std::string added = with_embedding_tokens(content, name, name, tokens);
  with_embedding_tokens(added, name, name, tokens);
}

}  // namespace

// The first byte chooses the file.
void model_companions(Bytes input) {
  if (input.empty()) return;
  const std::string_view content = as_text(input.subspan(1));
  accepts([&] {
    switch (input[0] % 5) {
      case 0:
        return check_manifest(content);
      case 1:
        return check_added_tokens(content, "tokenizer.json");
      case 2:
        return check_added_tokens(content, "tokenizer_config.json");
      case 3:
        return check_added_tokens(content, "added_tokens.json");
      default: {
        const std::string path = put_file("tokenizer_config.json", content);
        ChatTemplate::load(path.substr(0, path.rfind('/')));
      }
    }
  });
}

}  // namespace ume::fuzz
