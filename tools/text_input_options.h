// The options of every command that reads texts: --input, --fields, --allow-missing.
#pragma once

#include <string>
#include <vector>

#include "engine/jobs/text_jobs.h"

namespace CLI {
class App;
}

namespace kith {

struct TextInputOptions {
  TextInput input;
  std::vector<std::string> fields = {"text"};
};

// Adds the options, whose values go to `options`, which must outlive the parsing.
void DeclareTextInput(CLI::App& app, TextInputOptions& options);

TextInput ReadTextInput(const TextInputOptions& options);

}  // namespace kith
