#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "common/files/line_reader.h"
#include "common/types/record.h"
#include "data/tokenizer/chat_template.h"

namespace ume {

struct PromptReadOptions {
  std::string media_root = ".";  // the root of every MediaRef
  // Accept absolute paths, as references with an empty root (the path as the
  // user gave it). For a user's own files; never for what others send.
  bool absolute_paths = false;
};

// What to embed, generate from or preprocess: a record, to be put into the UME
// template, or a conversation, rendered by the checkpoint's chat template.
struct PromptInput {
  std::string id;  // the record's "id" as JSON; "null" where it has none
  bool is_conversation = false;
  PromptRecord record;                // of what is not a conversation
  std::vector<ChatMessage> messages;  // of a conversation
  MessageMedia media;                 // of a conversation, in order
};

// One line of a prompt file: the input, or what is wrong with it.
struct PromptLine {
  uint64_t line = 0;  // counted from 1
  std::optional<PromptInput> input;
  std::string error;  // names source, line and field; empty with an input
};

// Reads prompts, one JSON object a line (blank lines are skipped):
//   {"id", "text", "images": [path…], "video": [frame…], "fps"} or
//   {"id", "messages": [{"role", "content": text or [{"type": "text", "text"} |
//     {"type": "image", "image"} | {"type": "video", "video", "fps"}]}]}
// Unknown members are ignored unless they look like a mistyped known one. A
// bad line is reported and the next one can be read. Memory is bounded by the
// longest line accepted, 16 MiB.
class PromptReader {
 public:
  // stream: borrowed for the reader's life. name: for messages.
  PromptReader(std::istream& stream,
               std::string name,
               PromptReadOptions options = {});

  // Empty at the end of the stream. Throws IoError if reading fails.
  std::optional<PromptLine> next();

 private:
  const std::string name_;
  const PromptReadOptions options_;
  LineReader lines_;
};

// One record from its JSON text. Throws InvalidInput that begins with `where`.
PromptInput parse_prompt(std::string_view json,
                         const std::string& where,
                         const PromptReadOptions& options = {});

}  // namespace ume
