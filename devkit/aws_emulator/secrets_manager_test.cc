#include "devkit/aws_emulator/secrets_manager.h"

#include "base/bytes.h"
#include "devkit/aws_emulator/emulator_testing.h"
#include "devkit/aws_emulator/json_object.h"

namespace nes::aws_emulator {
namespace {

// A version's id: 32 characters and more.
std::string token(std::string_view name) {
  return "00000000-0000-4000-8000-" + std::string(12 - name.size(), '0') + std::string(name);
}

class SecretsManagerTest : public ::testing::Test {
 protected:
  Answer call(std::string_view operation, const JsonObject& request) {
    return secrets.call(operation, request.finish(), caller);
  }
  Answer create(std::string_view name, std::string_view value, std::string_view version) {
    return call("CreateSecret", JsonObject()
                                    .text("Name", name)
                                    .text("SecretString", value)
                                    .text("ClientRequestToken", token(version)));
  }
  Answer put(std::string_view value, std::string_view version, const std::vector<std::string>& stages = {}) {
    JsonObject request;
    request.text("SecretId", "s").text("SecretString", value).text("ClientRequestToken", token(version));
    if (!stages.empty()) request.texts("VersionStages", stages);
    return call("PutSecretValue", request);
  }
  Answer move(std::string_view stage, std::string_view from, std::string_view to) {
    JsonObject request;
    request.text("SecretId", "s").text("VersionStage", stage);
    if (!from.empty()) request.text("RemoveFromVersionId", token(from));
    if (!to.empty()) request.text("MoveToVersionId", token(to));
    return call("UpdateSecretVersionStage", request);
  }
  // The labels by version, as `1:AWSCURRENT 2:AWSPENDING,x`.
  std::string labels() {
    const aws::JsonFields fields = fields_of(call("DescribeSecret", JsonObject().text("SecretId", "s")));
    std::string out;
    for (const auto& [version, stages] : fields.optional_string_lists("VersionIdsToStages").value()) {
      out += (out.empty() ? "" : " ") + version.substr(version.find_last_of('0') + 1) + ":";
      for (const std::string& stage : stages) out += (out.back() == ':' ? "" : ",") + stage;
    }
    return out;
  }
  std::string value(const JsonObject& request) {
    return text_of(call("GetSecretValue", request), "SecretString");
  }

  TemporaryFolder folder;
  Store store = Store::open(folder.path()).value();
  StandingClock clock;
  SecretsManager secrets = SecretsManager::open(store, clock, {"111122223333", "eu-central-1"}).value();
  Caller caller{"arn", "arn", "111122223333"};
};

TEST_F(SecretsManagerTest, creates_a_secret_whose_first_version_is_current) {
  const Answer answer = create("s", "one", "1");
  EXPECT_EQ(answer.status, 200);
  const std::string arn = text_of(answer, "ARN");
  EXPECT_EQ(arn.substr(0, arn.size() - 6), "arn:aws:secretsmanager:eu-central-1:111122223333:secret:s-");
  EXPECT_EQ(text_of(answer, "VersionId"), token("1"));
  EXPECT_EQ(labels(), "1:AWSCURRENT");
}

TEST_F(SecretsManagerTest, finds_a_secret_by_name_arn_and_arn_without_its_characters) {
  const std::string arn = text_of(create("s", "one", "1"), "ARN");
  for (const std::string& id : {std::string("s"), arn, arn.substr(0, arn.size() - 7)})
    EXPECT_EQ(value(JsonObject().text("SecretId", id)), "one") << id;
  for (const std::string& id :
       {std::string("t"), std::string(), arn + "x", arn.substr(0, arn.size() - 1), std::string("S")})
    EXPECT_EQ(type_of(call("GetSecretValue", JsonObject().text("SecretId", id))), "ResourceNotFoundException")
        << id;
}

TEST_F(SecretsManagerTest, keeps_binary_and_text_as_they_are) {
  create("s", "te\"xt", "1");
  EXPECT_EQ(value(JsonObject().text("SecretId", "s")), "te\"xt");
  call("CreateSecret",
       JsonObject().text("Name", "b").text("SecretBinary", "AP8=").text("ClientRequestToken", token("1")));
  const Answer answer = call("GetSecretValue", JsonObject().text("SecretId", "b"));
  EXPECT_EQ(text_of(answer, "SecretBinary"), "AP8=");
  EXPECT_EQ(text_of(answer, "SecretString"), "");
  EXPECT_EQ(fields_of(answer).scalar("CreatedDate"), "1767323045.000");
}

TEST_F(SecretsManagerTest, refuses_values_that_are_none_or_too_large) {
  const auto refused = [&](const JsonObject& request) { return type_of(call("CreateSecret", request)); };
  const auto begin = [] { return JsonObject().text("Name", "s").text("ClientRequestToken", token("1")); };
  EXPECT_EQ(refused(begin().text("SecretString", "a").text("SecretBinary", "AA==")),
            "InvalidParameterException");
  EXPECT_EQ(refused(begin().text("SecretString", "")), "InvalidParameterException");
  EXPECT_EQ(refused(begin().text("SecretString", std::string(65'537, 'x'))), "InvalidParameterException");
  EXPECT_EQ(refused(begin().text("SecretBinary", base::base64_encode(Bytes(65'537)))),
            "InvalidParameterException");
  EXPECT_EQ(refused(begin().text("SecretBinary", "AA")), "SerializationException");
  EXPECT_EQ(refused(begin().number("SecretString", 1)), "SerializationException");
  EXPECT_EQ(refused(begin().text("SecretString", std::string(65'536, 'x'))), "");
  EXPECT_EQ(type_of(secrets.call("CreateSecret", "[]", caller)), "SerializationException");
}

TEST_F(SecretsManagerTest, refuses_names_and_tokens_of_another_form) {
  for (const std::string& name : {std::string(), std::string("a b"), std::string("ä"), std::string(513, 'a')})
    EXPECT_EQ(type_of(create(name, "x", "1")), "InvalidParameterException") << name;
  EXPECT_EQ(create(std::string(512, 'a'), "x", "1").status, 200);
  for (const std::size_t size : {std::size_t{0}, std::size_t{31}, std::size_t{65}})
    EXPECT_EQ(type_of(call("CreateSecret", JsonObject()
                                               .text("Name", "s")
                                               .text("SecretString", "x")
                                               .text("ClientRequestToken", std::string(size, 'a')))),
              "InvalidParameterException")
        << size;
}

TEST_F(SecretsManagerTest, repeats_itself_for_the_same_token_and_refuses_another_content) {
  create("s", "one", "1");
  EXPECT_EQ(text_of(create("s", "one", "1"), "VersionId"), token("1"));
  EXPECT_EQ(type_of(create("s", "two", "1")), "ResourceExistsException");
  EXPECT_EQ(type_of(create("s", "one", "2")), "ResourceExistsException");
  EXPECT_EQ(put("two", "2").status, 200);
  EXPECT_EQ(put("two", "2").status, 200);
  EXPECT_EQ(type_of(put("three", "2")), "ResourceExistsException");
  EXPECT_EQ(labels(), "1:AWSPREVIOUS 2:AWSCURRENT");
}

TEST_F(SecretsManagerTest, moves_current_to_a_new_value_and_previous_along) {
  create("s", "one", "1");
  put("two", "2");
  put("three", "3");
  EXPECT_EQ(labels(), "2:AWSPREVIOUS 3:AWSCURRENT");
  EXPECT_EQ(value(JsonObject().text("SecretId", "s")), "three");
  EXPECT_EQ(value(JsonObject().text("SecretId", "s").text("VersionStage", "AWSPREVIOUS")), "two");
  EXPECT_EQ(value(JsonObject().text("SecretId", "s").text("VersionId", token("1"))), "one")
      << "deprecated, still there";
}

TEST_F(SecretsManagerTest, stages_a_value_without_making_it_current) {
  create("s", "one", "1");
  put("two", "2", {"AWSPENDING"});
  EXPECT_EQ(labels(), "1:AWSCURRENT 2:AWSPENDING");
  put("three", "3", {"AWSPENDING", "x"});
  EXPECT_EQ(labels(), "1:AWSCURRENT 3:AWSPENDING,x") << "a label is on one version at a time";
}

TEST_F(SecretsManagerTest, makes_the_first_version_current_whatever_its_labels) {
  EXPECT_EQ(text_of(call("CreateSecret", JsonObject().text("Name", "s")), "VersionId"), "");
  EXPECT_EQ(type_of(call("GetSecretValue", JsonObject().text("SecretId", "s"))), "ResourceNotFoundException");
  put("one", "1", {"AWSPENDING"});
  EXPECT_EQ(labels(), "1:AWSPENDING,AWSCURRENT");
}

TEST_F(SecretsManagerTest, promotes_as_the_cli_does) {
  create("s", "one", "1");
  put("two", "2", {"AWSPENDING"});
  EXPECT_EQ(move("AWSCURRENT", "1", "2").status, 200);
  EXPECT_EQ(labels(), "1:AWSPREVIOUS 2:AWSPENDING,AWSCURRENT");
  EXPECT_EQ(move("AWSPENDING", "2", "").status, 200);
  EXPECT_EQ(labels(), "1:AWSPREVIOUS 2:AWSCURRENT");
  EXPECT_EQ(move("AWSCURRENT", "2", "1").status, 200);
  EXPECT_EQ(labels(), "1:AWSCURRENT 2:AWSPREVIOUS");
}

TEST_F(SecretsManagerTest, wants_to_be_told_where_a_label_is_taken_from) {
  create("s", "one", "1");
  put("two", "2", {"AWSPENDING"});
  EXPECT_EQ(type_of(move("AWSCURRENT", "", "2")), "InvalidParameterException");
  EXPECT_EQ(type_of(move("AWSCURRENT", "2", "1")), "InvalidParameterException");
  EXPECT_EQ(type_of(move("AWSCURRENT", "1", "")), "InvalidParameterException") << "it can only be moved";
  EXPECT_EQ(type_of(move("AWSCURRENT", "", "")), "InvalidParameterException");
  EXPECT_EQ(type_of(move("AWSCURRENT", "1", "9")), "ResourceNotFoundException");
  EXPECT_EQ(type_of(move("absent", "1", "")), "InvalidParameterException");
  EXPECT_EQ(labels(), "1:AWSCURRENT 2:AWSPENDING");
  EXPECT_EQ(move("NES-20260102", "", "1").status, 200) << "a new label";
  EXPECT_EQ(move("NES-20260102", "", "1").status, 200) << "is there already";
  EXPECT_EQ(labels(), "1:AWSCURRENT,NES-20260102 2:AWSPENDING");
}

TEST_F(SecretsManagerTest, refuses_labels_of_another_form) {
  create("s", "one", "1");
  for (const std::string& stage :
       {std::string("a b"), std::string("\n"), std::string("ä"), std::string(257, 'a')}) {
    EXPECT_EQ(type_of(put("two", "2", {stage})), "InvalidParameterException") << stage;
    EXPECT_EQ(type_of(move(stage, "", "1")), "InvalidParameterException") << stage;
  }
  EXPECT_EQ(move(std::string(256, 'a'), "", "1").status, 200);
}

TEST_F(SecretsManagerTest, takes_twenty_labels_over_all_versions_and_no_more) {
  create("s", "one", "1");
  for (int i = 2; i <= 20; ++i) ASSERT_EQ(move("label-" + std::to_string(i), "", "1").status, 200);
  EXPECT_EQ(type_of(move("label-21", "", "1")), "LimitExceededException");
  EXPECT_EQ(type_of(put("two", "2", {"AWSPENDING"})), "LimitExceededException");
  EXPECT_EQ(type_of(call("GetSecretValue", JsonObject().text("SecretId", "s").text("VersionId", token("2")))),
            "ResourceNotFoundException")
      << "what was refused has left nothing";
  EXPECT_EQ(put("two", "2", {"label-2"}).status, 200) << "the label moves";
}

TEST_F(SecretsManagerTest, wants_version_and_stage_to_agree) {
  create("s", "one", "1");
  put("two", "2");
  const auto both = [&](std::string_view version, std::string_view stage) {
    return call(
        "GetSecretValue",
        JsonObject().text("SecretId", "s").text("VersionId", token(version)).text("VersionStage", stage));
  };
  EXPECT_EQ(text_of(both("1", "AWSPREVIOUS"), "SecretString"), "one");
  EXPECT_EQ(type_of(both("1", "AWSCURRENT")), "InvalidRequestException");
  EXPECT_EQ(type_of(both("9", "AWSCURRENT")), "ResourceNotFoundException");
}

TEST_F(SecretsManagerTest, lists_versions_in_pages_and_deprecated_ones_when_asked) {
  create("s", "one", "1");
  put("two", "2");
  put("three", "3");
  const auto page = [&](bool deprecated, std::string_view next) {
    JsonObject request;
    request.text("SecretId", "s").flag("IncludeDeprecated", deprecated).number("MaxResults", 2);
    if (!next.empty()) request.text("NextToken", next);
    return call("ListSecretVersionIds", request);
  };
  const auto count = [](const Answer& answer) {
    return fields_of(answer).optional_objects("Versions").value().size();
  };
  EXPECT_EQ(count(page(false, "")), 2U);
  EXPECT_EQ(text_of(page(false, ""), "NextToken"), "");
  const std::string next = text_of(page(true, ""), "NextToken");
  ASSERT_FALSE(next.empty());
  EXPECT_EQ(count(page(true, next)), 1U);
  EXPECT_EQ(type_of(page(true, "x")), "InvalidNextTokenException");
  EXPECT_EQ(type_of(call("ListSecretVersionIds", JsonObject().text("SecretId", "s").number("MaxResults", 0))),
            "InvalidParameterException");
}

TEST_F(SecretsManagerTest, lists_secrets_by_prefix) {
  create("app/b", "x", "1");
  create("app/a", "x", "1");
  create("other", "x", "1");
  const auto listed = [&](std::string_view filters) {
    const aws::JsonFields fields = fields_of(call("ListSecrets", JsonObject().value("Filters", filters)));
    std::string out;
    for (const aws::JsonFields* item : fields.optional_objects("SecretList").value())
      out += std::string(item->string("Name").value()) + " ";
    return out;
  };
  EXPECT_EQ(listed("[]"), "app/a app/b other ");
  EXPECT_EQ(listed(R"([{"Key":"name","Values":["app/"]}])"), "app/a app/b ");
  EXPECT_EQ(
      type_of(call("ListSecrets", JsonObject().value("Filters", R"([{"Key":"tag-key","Values":["a"]}])"))),
      "InvalidParameterException");
}

TEST_F(SecretsManagerTest, deletes_after_a_time_in_which_it_restores) {
  create("s", "one", "1");
  EXPECT_EQ(call("DeleteSecret", JsonObject().text("SecretId", "s").number("RecoveryWindowInDays", 7)).status,
            200);
  EXPECT_EQ(type_of(call("GetSecretValue", JsonObject().text("SecretId", "s"))), "InvalidRequestException");
  EXPECT_EQ(type_of(put("two", "2")), "InvalidRequestException");
  EXPECT_EQ(type_of(create("s", "one", "1")), "InvalidRequestException");
  EXPECT_EQ(fields_of(call("DescribeSecret", JsonObject().text("SecretId", "s"))).scalar("DeletedDate"),
            "1767927845.000");
  EXPECT_EQ(call("RestoreSecret", JsonObject().text("SecretId", "s")).status, 200);
  EXPECT_EQ(value(JsonObject().text("SecretId", "s")), "one");
  call("DeleteSecret", JsonObject().text("SecretId", "s").number("RecoveryWindowInDays", 7));
  clock.now_ms += std::int64_t{7} * 24 * 3'600'000;
  EXPECT_EQ(type_of(call("RestoreSecret", JsonObject().text("SecretId", "s"))), "ResourceNotFoundException");
  EXPECT_EQ(create("s", "two", "1").status, 200);
}

TEST_F(SecretsManagerTest, deletes_at_once_when_forced) {
  create("s", "one", "1");
  EXPECT_EQ(
      type_of(call("DeleteSecret", JsonObject().text("SecretId", "s").number("RecoveryWindowInDays", 6))),
      "InvalidParameterException");
  EXPECT_EQ(type_of(call("DeleteSecret", JsonObject()
                                             .text("SecretId", "s")
                                             .number("RecoveryWindowInDays", 7)
                                             .flag("ForceDeleteWithoutRecovery", true))),
            "InvalidParameterException");
  EXPECT_EQ(call("DeleteSecret", JsonObject().text("SecretId", "s").flag("ForceDeleteWithoutRecovery", true))
                .status,
            200);
  EXPECT_EQ(type_of(call("DescribeSecret", JsonObject().text("SecretId", "s"))), "ResourceNotFoundException");
}

TEST_F(SecretsManagerTest, survives_a_restart) {
  create("s", "one", "1");
  put("two", "2", {"AWSPENDING"});
  call("CreateSecret", JsonObject()
                           .text("Name", "b")
                           .text("SecretBinary", "AP8=")
                           .text("ClientRequestToken", token("1"))
                           .text("KmsKeyId", "key")
                           .text("Description", "d"));
  call("DeleteSecret", JsonObject().text("SecretId", "b"));
  const std::string before = call("ListSecrets", JsonObject().flag("IncludePlannedDeletion", true)).body;
  secrets = SecretsManager::open(store, clock, {"111122223333", "eu-central-1"}).value();
  EXPECT_EQ(call("ListSecrets", JsonObject().flag("IncludePlannedDeletion", true)).body, before);
  EXPECT_EQ(labels(), "1:AWSCURRENT 2:AWSPENDING");
  EXPECT_EQ(value(JsonObject().text("SecretId", "s")), "one");
}

TEST_F(SecretsManagerTest, changes_nothing_when_the_state_cannot_be_saved) {
  create("s", "one", "1");
  std::filesystem::create_directories(folder.path() + "/secretsmanager.draft/in-the-way");
  EXPECT_EQ(put("two", "2").status, 500);
  EXPECT_EQ(labels(), "1:AWSCURRENT");
}

TEST_F(SecretsManagerTest, says_which_operations_it_does_not_know) {
  EXPECT_EQ(type_of(call("RotateSecret", JsonObject())), "UnknownOperationException");
}

}  // namespace
}  // namespace nes::aws_emulator
