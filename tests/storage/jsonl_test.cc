#include "storage/jsonl.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class JsonlTest : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string path_ = directory_.File("docs.jsonl");
  JsonlParams params_;

  static Result<std::vector<std::string>> Drain(TextReader& reader, std::size_t texts_max,
                                                std::size_t bytes_max) {
    std::vector<std::string> texts;
    for (;;) {
      const TextBlock block = TRY(reader.Next(texts_max, bytes_max));
      if (block.empty()) return texts;
      EXPECT_LE(block.size(), texts_max);
      for (std::size_t i = 0; i < block.size(); ++i) texts.emplace_back(block.text(i));
    }
  }

  Result<std::vector<std::string>> Texts(std::string_view bytes) {
    WriteBytes(path_, bytes);
    const auto reader = TRY(OpenJsonl(path_, params_));
    return Drain(*reader, 3, 1 << 20);
  }

  std::string MessageOf(std::string_view bytes) {
    const auto texts = Texts(bytes);
    EXPECT_FALSE(texts.ok()) << bytes;
    if (texts.ok()) return "no error";
    EXPECT_EQ(texts.error().code, ErrorCode::kInvalidArgument);
    return texts.error().message;
  }
};

TEST_F(JsonlTest, FieldsAreJoinedInTheOrderAskedFor) {
  params_.fields = {"title", "text"};
  EXPECT_THAT(Texts("{\"text\":\"b c\",\"id\":7,\"title\":\"a\"}\n"
                    "{\"title\":\"\",\"text\":\"only\"}\n"
                    "{\"title\":\"\",\"text\":\"\"}\n")
                  .value(),
              ElementsAre("a b c", "only", ""));
}

TEST_F(JsonlTest, EscapesAreDecoded) {
  EXPECT_THAT(Texts(R"({"text":"q\" b\\ s\/ n\n u\u00e9 p\ud83d\ude00 z\u0000."})").value(),
              ElementsAre(std::string("q\" b\\ s/ n\n u\xC3\xA9 p\xF0\x9F\x98\x80 z\0.", 25)));
}

TEST_F(JsonlTest, EscapedNamesAreEqualToPlainOnes) {
  EXPECT_THAT(Texts("{\"te\\u0078t\":\"x\"}").value(), ElementsAre("x"));
}

TEST_F(JsonlTest, OfANameHeldTwiceTheFirstCounts) {
  EXPECT_THAT(Texts("{\"text\":\"first\",\"text\":\"second\"}").value(), ElementsAre("first"));
}

TEST_F(JsonlTest, BlankLinesAreSkippedButCounted) {
  WriteBytes(path_, "\n  \t\r\n{\"text\":\"a\"}\n\n{\"text\":\"b\"}");
  const auto reader = OpenJsonl(path_, params_).value();
  const TextBlock block = reader->Next(10, 1000).value();
  ASSERT_EQ(block.size(), 2u);
  EXPECT_EQ(block.line(0), 3u);
  EXPECT_EQ(block.line(1), 5u);
  EXPECT_TRUE(reader->Next(10, 1000).value().empty());
  EXPECT_EQ(reader->bytes_read(), reader->file_bytes());
}

TEST_F(JsonlTest, BlocksEndAtTheirLimits) {
  std::string bytes;
  for (int i = 0; i < 10; ++i) bytes += "{\"text\":\"0123456789\"}\n";
  WriteBytes(path_, bytes);
  auto reader = OpenJsonl(path_, params_).value();
  EXPECT_EQ(reader->Next(4, 1000).value().size(), 4u);
  EXPECT_EQ(reader->Next(100, 25).value().size(), 3u);  // the third passes 25 bytes
  EXPECT_EQ(reader->Next(100, 1000).value().size(), 3u);
  EXPECT_EQ(reader->Next(100, 1000).value().size(), 0u);
}

TEST_F(JsonlTest, AnEmptyFileHasNoTexts) { EXPECT_THAT(Texts("").value(), IsEmpty()); }

TEST_F(JsonlTest, MissingFieldIsAnErrorThatListsTheFields) {
  EXPECT_THAT(MessageOf("{\"text\":\"a\"}\n{\"title\":\"t\",\"body\":\"b\"}\n"),
              HasSubstr("docs.jsonl:2: no field \"text\"; fields are \"title\", \"body\""));
}

TEST_F(JsonlTest, MissingFieldsMayBeAllowed) {
  params_.fields = {"title", "text"};
  params_.allow_missing = true;
  EXPECT_THAT(Texts("{\"text\":\"a\"}\n{\"title\":null,\"text\":\"b\"}\n{}\n").value(),
              ElementsAre("a", "b", ""));
}

TEST_F(JsonlTest, FieldOfAnotherTypeIsAnError) {
  EXPECT_THAT(MessageOf("{\"text\":7}"),
              HasSubstr("docs.jsonl:1: field \"text\": expected a string, found a number"));
  EXPECT_THAT(MessageOf("{\"text\":[\"a\"]}"), HasSubstr("found an array"));
  EXPECT_THAT(MessageOf("{\"text\":{}}"), HasSubstr("found an object"));
  EXPECT_THAT(MessageOf("{\"text\":true}"), HasSubstr("found true or false"));
  EXPECT_THAT(MessageOf("{\"text\":null}"), HasSubstr("found null"));
  params_.allow_missing = true;
  EXPECT_THAT(MessageOf("{\"text\":7}"), HasSubstr("expected a string, found a number"));
}

TEST_F(JsonlTest, LinesThatAreNoObjectsAreErrors) {
  EXPECT_THAT(MessageOf("{\"text\":\"a\"}\n[1]\n"),
              HasSubstr("docs.jsonl:2: expected a JSON object, found an array"));
  EXPECT_THAT(MessageOf("\"text\"\n"), HasSubstr("found a string"));
  for (const char* broken :
       {"{", "{\"text\":\"a\"", "{\"text\":\"a\"}}", "{\"text\" \"a\"}", "text",
        "{\"text\":\"a\"} {\"text\":\"b\"}", "{'text':'a'}", "{\"text\":\"a\nb\"}",
        "{\"text\":\"a\",}", "{\"text\":\"\\ud800\"}"}) {
    EXPECT_THAT(MessageOf(broken), HasSubstr("docs.jsonl:1: expected one JSON object: ")) << broken;
  }
}

TEST_F(JsonlTest, AFaultBehindTheFieldIsFoundToo) {
  EXPECT_THAT(MessageOf("{\"text\":\"a\",\"more\":[1,}"), HasSubstr("not valid JSON"));
}

TEST_F(JsonlTest, InvalidUtf8IsAnError) {
  EXPECT_THAT(MessageOf("{\"text\":\"a\xC3(\"}"), HasSubstr("docs.jsonl:1: "));
  EXPECT_THAT(MessageOf("{\"text\":\"a\xC3(\"}"), HasSubstr("invalid UTF-8"));
}

TEST_F(JsonlTest, NestingHasALimit) {
  const std::string open(kJsonlDepthMax + 1, '['), close(kJsonlDepthMax + 1, ']');
  EXPECT_THAT(MessageOf("{\"text\":\"a\",\"deep\":" + open + close + "}"),
              HasSubstr("nested deeper than 1024 levels"));
  const std::string fits_open(kJsonlDepthMax / 2, '['), fits_close(kJsonlDepthMax / 2, ']');
  EXPECT_THAT(Texts("{\"text\":\"a\",\"deep\":" + fits_open + fits_close + "}").value(),
              ElementsAre("a"));
}

TEST_F(JsonlTest, OverLongLineIsAnError) {
  params_.line_bytes_max = 100;
  EXPECT_THAT(MessageOf("{\"text\":\"a\"}\n{\"text\":\"" + std::string(100, 'x') + "\"}\n"),
              HasSubstr("docs.jsonl:2: line of more than 100 bytes"));
}

TEST_F(JsonlTest, LongLinesWithinTheLimitPass) {
  const std::string text(std::size_t{3} << 20, 'x');
  EXPECT_THAT(Texts("{\"text\":\"" + text + "\"}\n{\"text\":\"b\"}").value(),
              ElementsAre(text, "b"));
}

TEST_F(JsonlTest, ParametersAreChecked) {
  WriteBytes(path_, "{}");
  const auto message = [&](JsonlParams params) {
    const auto reader = OpenJsonl(path_, params);
    return reader.ok() ? std::string("no error") : reader.error().message;
  };
  EXPECT_THAT(message({.fields = {}}), HasSubstr("expected at least one name"));
  EXPECT_THAT(message({.fields = {"a", ""}}), HasSubstr("a name is empty"));
  EXPECT_THAT(message({.fields = {"a", "b", "a"}}), HasSubstr("\"a\" is named twice"));
  EXPECT_THAT(message({.line_bytes_max = 0}), HasSubstr("expected 1 to 16777216 bytes"));
  EXPECT_THAT(message({.line_bytes_max = kJsonlLineBytesMax + 1}), HasSubstr("found 16777217"));
  JsonlParams many;
  many.fields.clear();
  for (std::size_t i = 0; i <= kJsonlFieldsMax; ++i) many.fields.push_back("f" + std::to_string(i));
  EXPECT_THAT(message(many), HasSubstr("expected at most 64 names, found 65"));
}

TEST_F(JsonlTest, ParserTakesOneLineAtATime) {
  JsonlParser parser = JsonlParser::Create(params_).value();
  EXPECT_EQ(parser.Parse("{\"text\":\"a\"}", "here").value(), "a");
  EXPECT_EQ(parser.Parse(" ", "here").value(), std::nullopt);
  const auto wrong = parser.Parse("{", "request 3");
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message, HasSubstr("request 3: "));
  EXPECT_EQ(parser.Parse("{\"text\":\"b\"}", "here").value(), "b");  // an error leaves no trace
}

TEST_F(JsonlTest, PlainLinesAreTextsAsTheyStand) {
  WriteBytes(path_, "{\"text\":\"a\"}\r\n\n b \n");
  const auto reader = OpenPlainLines(path_, 100).value();
  EXPECT_THAT(Drain(*reader, 2, 100).value(), ElementsAre("{\"text\":\"a\"}", "", " b "));
}

TEST_F(JsonlTest, PlainLinesMustBeUtf8) {
  WriteBytes(path_,
             "good\nb\xFF"
             "ad\n");
  const auto texts = Drain(*OpenPlainLines(path_, 100).value(), 10, 100);
  ASSERT_FALSE(texts.ok());
  EXPECT_THAT(texts.error().message, HasSubstr("docs.jsonl:2: "));
  EXPECT_THAT(texts.error().message, HasSubstr("invalid UTF-8"));
  EXPECT_FALSE(OpenPlainLines(path_, 0).ok());
}

}  // namespace
}  // namespace kith
