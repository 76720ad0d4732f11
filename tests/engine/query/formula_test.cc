// Each operation by hand, through its JSON.
#include "engine/query/formula.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/query/formula_parser.h"
#include "storage/json_parser.h"

namespace kith {
namespace {

using testing::HasSubstr;

const char* const kPayload = R"({"number":85,"one":[1.5],"many":[1,2],"none":[],"null":null,
  "text":"abc","geo":{"lon":-100.23881855976,"lat":25.628482424190565},
  "time":"2024-03-01T00:00:10Z"})";
const char* const kDefaults = R"({"missing":3,"none":4,"null":5,"$score[2]":0.25,
  "no_geo":{"lon":-100.0,"lat":25.0},"no_time":"2024-03-01"})";

Result<float> Evaluate(const std::string& text) {
  const JsonValue expression = ParseJson(text).value();
  const JsonValue defaults = ParseJson(kDefaults).value();
  const Formula formula = TRY(ParseFormula(expression, &defaults, "query"));
  const std::optional<float> scores[] = {1.0F, 2.0F, std::nullopt};
  const JsonValue payload = ParseJson(kPayload).value();
  const std::vector<bool> conditions = {true, false};
  return EvaluateFormula(formula, {.scores = scores, .payload = payload, .conditions = conditions});
}

float Value(const std::string& text) {
  const Result<float> value = Evaluate(text);
  EXPECT_TRUE(value.ok()) << text << ": " << value.error().message;
  return value.ok() ? value.value() : NAN;
}

std::string Message(const std::string& text) {
  const Result<float> value = Evaluate(text);
  EXPECT_FALSE(value.ok()) << text << " is " << (value.ok() ? value.value() : 0);
  return value.ok() ? "" : value.error().message;
}

TEST(FormulaTest, Terms) {
  EXPECT_EQ(Value("5"), 5);
  EXPECT_EQ(Value(R"("$score")"), 1);
  EXPECT_EQ(Value(R"("$score[1]")"), 2);
  EXPECT_EQ(Value(R"("$score[2]")"), 0.25F);  // its default
  EXPECT_EQ(Value(R"("$score[7]")"), 0);
  EXPECT_EQ(Value(R"("number")"), 85);
  EXPECT_EQ(Value(R"("one")"), 1.5F);
  EXPECT_EQ(Value(R"("missing")"), 3);
  EXPECT_EQ(Value(R"("none")"), 4);
  EXPECT_EQ(Value(R"("null")"), 5);
}

TEST(FormulaTest, ConditionsAreOneOrZero) {
  const std::string condition = R"({"key":"a","match":{"value":1}})";
  EXPECT_EQ(Value(R"({"sum":[{"mult":[3,)" + condition + R"(]},{"mult":[5,)" + condition + "]}]}"),
            3);
}

TEST(FormulaTest, Operations) {
  EXPECT_EQ(Value(R"({"sum":[1,2,-0.5]})"), 2.5F);
  EXPECT_EQ(Value(R"({"sum":[]})"), 0);
  EXPECT_EQ(Value(R"({"mult":[2,"$score[1]",3]})"), 12);
  EXPECT_EQ(Value(R"({"neg":{"abs":-2}})"), -2);
  EXPECT_EQ(Value(R"({"div":{"left":10,"right":4}})"), 2.5F);
  EXPECT_EQ(Value(R"({"div":{"left":1,"right":0,"by_zero_default":9}})"), 9);
  EXPECT_EQ(Value(R"({"sqrt":16})"), 4);
  EXPECT_EQ(Value(R"({"pow":{"base":2,"exponent":-2}})"), 0.25F);
  EXPECT_FLOAT_EQ(Value(R"({"exp":1})"), 2.7182818F);
  EXPECT_EQ(Value(R"({"log10":1000})"), 3);
  EXPECT_FLOAT_EQ(Value(R"({"ln":10})"), 2.3025851F);
}

TEST(FormulaTest, ZeroEndsAProductAndAQuotient) {
  EXPECT_EQ(Value(R"({"mult":[0,"nowhere"]})"), 0);
  EXPECT_EQ(Value(R"({"div":{"left":0,"right":"nowhere"}})"), 0);
  EXPECT_THAT(Message(R"({"mult":["nowhere",0]})"), HasSubstr("'nowhere'"));
}

TEST(FormulaTest, WhatIsNotFiniteIsAnError) {
  EXPECT_THAT(Message(R"({"div":{"left":1,"right":0}})"), HasSubstr("'div' is not a finite"));
  EXPECT_THAT(Message(R"({"sqrt":-3})"), HasSubstr("'sqrt'"));
  EXPECT_THAT(Message(R"({"log10":0})"), HasSubstr("'log10'"));
  EXPECT_THAT(Message(R"({"ln":0})"), HasSubstr("'ln'"));
  EXPECT_THAT(Message(R"({"pow":{"base":-1,"exponent":0.4}})"), HasSubstr("'pow'"));
  EXPECT_THAT(Message(R"({"exp":1000})"), HasSubstr("'exp'"));
  EXPECT_THAT(Message(R"({"mult":[1e200,1e200]})"), HasSubstr("the score is not a finite"));
}

TEST(FormulaTest, ValuesOfAnotherKindAreErrors) {
  EXPECT_THAT(Message(R"("many")"), HasSubstr("expected a number at 'many', found an array"));
  EXPECT_THAT(Message(R"("text")"), HasSubstr("found a string"));
  EXPECT_THAT(Message(R"({"datetime_key":"number"})"), HasSubstr("expected a datetime"));
  EXPECT_THAT(Message(R"({"geo_distance":{"origin":{"lon":0,"lat":0},"to":"number"}})"),
              HasSubstr("expected a geo point at 'number'"));
}

TEST(FormulaTest, GeoDistanceInMetres) {
  const std::string origin =
      R"({"origin":{"lon":-100.43383200156751,"lat":25.717877679163667},"to":)";
  EXPECT_NEAR(Value(R"({"geo_distance":)" + origin + R"("geo"}})"), 21926.494, 0.01);
  EXPECT_NEAR(Value(R"({"geo_distance":)" + origin + R"("no_geo"}})"), 90951.3, 0.1);
}

TEST(FormulaTest, DatetimesInSeconds) {
  EXPECT_EQ(Value(R"({"sum":[{"datetime_key":"time"},{"neg":{"datetime":"2024-03-01"}}]})"), 10);
  EXPECT_EQ(Value(R"({"sum":[{"datetime_key":"no_time"},{"neg":{"datetime":"2024-02-29"}}]})"),
            86400);
}

TEST(FormulaTest, Decays) {
  EXPECT_EQ(Value(R"({"exp_decay":{"x":2}})"), 0.25F);
  EXPECT_EQ(Value(R"({"exp_decay":{"x":2,"target":5,"scale":3,"midpoint":0.25}})"), 0.25F);
  EXPECT_EQ(Value(R"({"gauss_decay":{"x":2}})"), 1 / 16.0F);
  EXPECT_EQ(Value(R"({"gauss_decay":{"x":11,"target":5,"scale":6,"midpoint":0.3}})"), 0.3F);
  EXPECT_EQ(Value(R"({"lin_decay":{"x":1}})"), 0.5F);
  EXPECT_EQ(Value(R"({"lin_decay":{"x":9,"scale":4,"midpoint":0.75}})"), 1 - 0.25F * 9 / 4);
  EXPECT_EQ(Value(R"({"lin_decay":{"x":9}})"), 0);
}

TEST(FormulaTest, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(Message(R"({"max":[1,2]})"), HasSubstr("query.formula: unknown key 'max'"));
  EXPECT_THAT(Message(R"({"sum":[1,{"neg":true}]})"), HasSubstr("query.formula.sum[1].neg:"));
  EXPECT_THAT(Message(R"({"sum":[],"mult":[]})"), HasSubstr("expected one operation, found 2"));
  EXPECT_THAT(Message(R"("$scores")"), HasSubstr("unknown variable '$scores'"));
  EXPECT_THAT(Message(R"("$score[]")"), HasSubstr("unknown variable"));
  EXPECT_THAT(Message(R"({"exp_decay":{"x":1,"midpoint":1}})"), HasSubstr("midpoint"));
  EXPECT_THAT(Message(R"({"gauss_decay":{"x":1,"scale":0}})"), HasSubstr("scale"));
  EXPECT_THAT(Message(R"({"datetime":"soon"})"), HasSubstr("'soon' is no datetime"));
  std::string deep = "1";
  for (int i = 0; i < 40; ++i) deep = R"({"neg":)" + deep + "}";
  EXPECT_THAT(Message(deep), HasSubstr("inside one another"));
}

}  // namespace
}  // namespace kith
