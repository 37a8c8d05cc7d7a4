#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "common/types/prepared_prompt.h"
#include "common/types/record.h"
#include "data/media/preprocessor_config.h"
#include "data/prepare/prepare_config.h"
#include "data/tokenizer/chat_template.h"
#include "data/tokenizer/tokenizer.h"

namespace ume {

struct PreparerOptions {
  // tokenizer.json and preprocessor_config.json
  std::filesystem::path model_folder;
  PrepareConfig prepare;
  // What media root "." stands for, unless `prepare.media_roots` says: the
  // folder of the record file.
  std::filesystem::path record_folder = ".";
  // Where prepare_example cuts; 0: nowhere.
  int64_t max_example_tokens = 0;
};

// From records to what a model takes: the only road, the same in all roles.
//
// Text: `<gen_emb>` and `<disc_emb>` are tokens wherever they occur (they are
// ordinary added tokens; the last occurrence counts, and the template's comes
// after the record's). Control tokens (<|im_end|>, <|image_pad|> …) inside a
// record's text stay plain text, so that no record can forge a turn; with
// control_tokens_in_text they are recognised, as in the published programs.
//
// Immutable but for its cache of media. Thread-safe.
class PromptPreparer {
 public:
  // Throws InvalidInput or IoError if the folder's files cannot be used,
  // ConfigError for options out of range.
  explicit PromptPreparer(const PreparerOptions& options);
  PromptPreparer(PromptPreparer&&) noexcept;
  PromptPreparer& operator=(PromptPreparer&&) noexcept;
  ~PromptPreparer();

  // System turn, the record's media and templated text as the user turn, and
  // the assistant's header, as UME-R1's RL and evaluation render them.
  // Throws InvalidInput for unusable media and for pictures beside a video.
  PreparedPrompt prepare(const PromptRecord& record) const;

  // A cold-start conversation, as UME-R1's SFT renders it: system turn, then
  // the turns, with `<image>` and `<video>` markers of user turns replaced in
  // order of appearance. A first turn that is not the user's is dropped. Labels
  // are the ids of assistant turns from their fourth token on (the header is
  // three), <|im_end|> and the newline after it included; -100 elsewhere.
  // Throws InvalidInput for unusable media, markers and media that do not pair
  // up, an unknown role, and a cut through a picture.
  PreparedExample prepare_example(const AnnotatedSide& side) const;

  // A conversation rendered by the checkpoint's own chat template, with the
  // assistant's header.
  // Throws InvalidInput for unusable media, a number of media other than the
  // template prints places for, and a folder without a usable chat template.
  PreparedPrompt prepare_messages(const std::vector<ChatMessage>& messages,
                                  const MessageMedia& media) const;

  // Throws InvalidInput or IoError for a folder without a usable chat template,
  // which is no conversation's fault.
  void check_chat_template() const;

  const Tokenizer& tokenizer() const;
  const PreprocessorConfig& preprocessor() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ume
