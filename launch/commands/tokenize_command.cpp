#include "launch/commands/commands.h"

#include <iostream>
#include <memory>
#include <new>
#include <string>

#include "common/error/error.h"
#include "common/files/line_reader.h"
#include "common/files/output_stream.h"
#include "data/records/token_records.h"
#include "data/tokenizer/tokenizer.h"
#include "launch/command_line.h"
#include "launch/records/bad_records.h"
#include "launch/records/json_text.h"

namespace ume {
namespace {

constexpr size_t kMaxLineBytes = 64u << 20;

struct TokenizeArguments {
  std::string model;
  std::string output;
  std::string on_error = "fail";
  bool control_tokens = false;
  bool decode = false;
  bool skip_special = false;
};

// {"ids"} or {"text"}, with the record's id before it where it has one.
std::string begin_line(const std::string& id, const char* name) {
  std::string line = id == "null" ? "{" : "{\"id\":" + id + ",";
  return line + "\"" + name + "\":";
}

std::string convert(const TokenizeArguments& a,
                    const Tokenizer& tokenizer,
                    const TextLine& input,
                    const std::string& where) {
  if (input.is_too_long) {
    throw InvalidInput(where + ": more than " + std::to_string(kMaxLineBytes) +
                       " bytes");
  }
  if (a.decode) {
    const IdsRecord record = parse_ids_record(input.text, where);
    std::string line = begin_line(record.id, "text");
    append_json(line, tokenizer.decode(record.ids, a.skip_special));
    return line + "}\n";
  }
  const TextRecord record = parse_text_record(input.text, where);
  std::string line = begin_line(record.id, "ids");
  append_json(
      line,
      tokenizer.encode(record.text, a.control_tokens ? ControlTokens::kRecognise
                                                     : ControlTokens::kAsText));
  return line + "}\n";
}

void tokenize(const TokenizeArguments& a) {
  const Tokenizer tokenizer = Tokenizer::load(a.model);
  std::ios::sync_with_stdio(false);
  LineReader lines(std::cin, "stdin", kMaxLineBytes);
  OutputStream out(a.output);
  BadRecords bad("ume tokenize", a.on_error);
  while (const std::optional<TextLine> line = lines.next()) {
    if (line->is_blank()) continue;
    const std::string where = "stdin, line " + std::to_string(line->number);
    try {
      out.write(convert(a, tokenizer, *line, where));
    } catch (const InvalidInput& error) {
      bad.add(error);
    } catch (const std::bad_alloc&) {
      bad.add(Error(ExitCode::kFailure, where + ": not enough memory for it"));
    }
    // Who writes a line and waits for its answer gets it.
    if (std::cin.rdbuf()->in_avail() <= 0) out.flush();
  }
  out.finish();
  bad.summarize();
}

}  // namespace

void add_tokenize_command(CLI::App& app) {
  auto a = std::make_shared<TokenizeArguments>();
  CLI::App* command = app.add_subcommand(
      "tokenize", "texts to token ids, or back; JSON lines from stdin");
  command->add_option("--model", a->model, "model folder (its tokenizer.json)")
      ->required();
  command->add_flag("--special", a->control_tokens,
                    "control tokens in the text count, as <|im_end|>; without "
                    "it they are text like any other");
  auto* decode =
      command->add_flag("--decode", a->decode, "{\"ids\"} to {\"text\"}");
  command
      ->add_flag("--skip-special", a->skip_special,
                 "leave control tokens out of the decoded text")
      ->needs(decode);
  add_on_error_option(*command, a->on_error);
  command->add_option("--output", a->output, "JSON lines; default: stdout");
  add_example(*command,
              "echo '{\"text\": \"a flag 🇦🇹\"}' | ume tokenize --model "
              "examples/emoji/base");
  command->callback([a] { tokenize(*a); });
}

}  // namespace ume
