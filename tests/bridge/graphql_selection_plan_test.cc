#include "bridge/graphql/selection_plan.h"
#include "tests/bridge/graphql_fixture.h"

namespace tocsin::bridge::graphql {
namespace {

using testing::PlanOf;

std::string FormOf(std::string_view query, std::string_view variables = "{}") {
  std::string form;
  PlanOf(query, variables)->AppendForm(form);
  return form;
}

// The response names of the fields below the only root field.
std::vector<std::string> NamesIn(std::string_view query, std::string_view variables = "{}") {
  const auto plan = PlanOf(query, variables);
  EXPECT_EQ(plan->fields.size(), 1u);
  std::vector<std::string> names;
  for (const PlannedField& field : plan->fields.at(0).selections->fields) {
    names.emplace_back(field.response_name());
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(GraphqlSelectionPlanTest, FieldsComeInTheOrderOfTheirFirstMention) {
  EXPECT_EQ(NamesIn("{health{...a hub ...on Health{uptimeSeconds status}}}"
                    "fragment a on Health{version hub ...b} fragment b on Health{status}"),
            (Names{"version", "hub", "status", "uptimeSeconds"}));
}

TEST(GraphqlSelectionPlanTest, FieldsWithOneResponseNameAreMerged) {
  const auto plan = PlanOf(
      "subscription{incidentUpdates{incident{id labels} ...on IncidentUpdate{incident{title id}}"
      " incident{resolution{notes}} x:incident{state}}}");
  const auto& fields = plan->fields.at(0).selections->fields;
  ASSERT_EQ(fields.size(), 2u);
  EXPECT_EQ(fields[0].response_name(), "incident");
  EXPECT_EQ(fields[1].response_name(), "x");
  ASSERT_EQ(fields[0].selections->fields.size(), 4u);
  EXPECT_EQ(fields[0].selections->fields[3].response_name(), "resolution");
  EXPECT_EQ(fields[0].places.size(), 3u);
}

TEST(GraphqlSelectionPlanTest, SkipAndIncludeDecideWithTheVariables) {
  constexpr std::string_view kQuery =
      "query($yes:Boolean!,$no:Boolean=false){health{status @include(if:$yes) hub @skip(if:$yes)"
      " version @include(if:$no) uptimeSeconds @skip(if:$no) ...@include(if:$yes){a:hub}"
      " ...f @skip(if:$yes)}} fragment f on Health{b:hub}";
  EXPECT_EQ(NamesIn(kQuery, R"({"yes":true})"), (Names{"status", "uptimeSeconds", "a"}));
  EXPECT_EQ(NamesIn(kQuery, R"({"yes":false,"no":true})"), (Names{"hub", "version", "b"}));
}

TEST(GraphqlSelectionPlanTest, BothDirectivesMustLetAFieldIn) {
  EXPECT_EQ(NamesIn("{health{a:hub @skip(if:false) @include(if:true) b:hub @skip(if:true)"
                    " @include(if:true) c:hub @skip(if:false) @include(if:false)}}"),
            (Names{"a"}));
}

TEST(GraphqlSelectionPlanTest, AFragmentThatIsLeftOutOnceMayBeTakenInLater) {
  EXPECT_EQ(NamesIn("{health{...f @skip(if:true) hub ...f ...f}} fragment f on Health{status}"),
            (Names{"hub", "status"}));
}

TEST(GraphqlSelectionPlanTest, ArgumentsAreCoercedWithDefaultsAndVariables) {
  const auto plan =
      PlanOf("query($n:Int){incidents(pageSize:$n order:SEVERITY){total}}", R"({"n":7})");
  const PlannedField& field = plan->fields.at(0);
  EXPECT_EQ(field.Argument("pageSize")->as_int64(), 7);
  EXPECT_EQ(field.Argument("page")->as_int64(), 1);
  EXPECT_EQ(field.Argument("order")->as_string(), "SEVERITY");
  EXPECT_EQ(field.Argument("filter"), nullptr);
}

TEST(GraphqlSelectionPlanTest, OperationsThatRenderAlikeHaveOneForm) {
  const std::string form = FormOf("subscription{newIncidents{id t:title}}");
  EXPECT_EQ(form, FormOf("subscription Other { newIncidents { id,\n  t: title # a note\n } }"));
  EXPECT_EQ(form, FormOf("subscription($x:Boolean!){newIncidents{id ...f title @include(if:$x)}}"
                         "fragment f on Incident{t:title}",
                         R"({"x":false})"));
  for (const std::string_view other :
       {"subscription{newIncidents{t:title id}}", "subscription{newIncidents{id title}}",
        "subscription{newIncidents{id t:source}}", "subscription{x:newIncidents{id t:title}}",
        "subscription{newIncidents{id t:title __typename}}",
        "subscription{criticalIncidents{id t:title}}",
        "subscription{newIncidents{id t:title resolution{notes}}}"}) {
    EXPECT_NE(form, FormOf(other)) << other;
  }
}

TEST(GraphqlSelectionPlanTest, ArgumentsAreOfTheForm) {
  EXPECT_NE(FormOf("{__type(name:\"A\"){name}}"), FormOf("{__type(name:\"B\"){name}}"));
  EXPECT_EQ(FormOf("{__type(name:\"A\"){name}}"),
            FormOf("query($n:String!){__type(name:$n){name}}", R"({"n":"A"})"));
}

}  // namespace
}  // namespace tocsin::bridge::graphql
