#include "tools/text_input_options.h"

#include <CLI/CLI.hpp>

namespace kith {

void DeclareTextInput(CLI::App& app, TextInputOptions& options) {
  app.add_option("--input", options.input.path,
                 "Texts: .jsonl, .ndjson or .json with one JSON object a line, else one text a "
                 "line")
      ->required();
  app.add_option("--fields", options.fields,
                 "Of JSON: string fields whose values make the text, comma between them")
      ->delimiter(',')
      ->capture_default_str();
  app.add_flag("--allow-missing", options.input.allow_missing_fields,
               "Take a missing field as empty instead of stopping");
}

TextInput ReadTextInput(const TextInputOptions& options) {
  TextInput input = options.input;
  input.fields = options.fields;
  return input;
}

}  // namespace kith
