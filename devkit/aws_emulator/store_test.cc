#include <sys/stat.h>

#include "devkit/aws_emulator/api.h"
#include "devkit/aws_emulator/emulator_testing.h"

namespace nes::aws_emulator {
namespace {

TEST(Store, gives_back_what_was_saved_last_also_to_another_one) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a/b";
  {
    auto store = Store::open(path);
    ASSERT_TRUE(store.ok());
    EXPECT_FALSE(store->load("kms").value().has_value());
    EXPECT_TRUE(store->save("kms", "first").ok());
    EXPECT_TRUE(store->save("kms", std::string("se\0cond", 7)).ok());
    EXPECT_TRUE(store->save("other-1", "").ok());
  }
  auto store = Store::open(path);
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(store->load("kms").value(), std::string("se\0cond", 7));
  EXPECT_EQ(store->load("other-1").value(), "");
  EXPECT_EQ(store->directory(), path);
}

TEST(Store, keeps_its_files_to_itself) {
  const TemporaryFolder folder;
  auto store = Store::open(folder.path() + "/state");
  ASSERT_TRUE(store->save("kms", "x").ok());
  struct stat status {};
  ASSERT_EQ(::stat((folder.path() + "/state/kms").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ASSERT_EQ(::stat((folder.path() + "/state").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
}

TEST(Store, takes_no_name_that_leaves_its_folder_or_is_a_draft) {
  const TemporaryFolder folder;
  auto store = Store::open(folder.path());
  for (const char* name : {"", ".", "..", "../x", "a/b", "Kms", "kms.draft", "k ms"}) {
    EXPECT_FALSE(store->save(name, "x").ok()) << name;
    EXPECT_FALSE(store->load(name).ok()) << name;
  }
}

TEST(Store, keeps_the_old_text_when_the_new_one_cannot_be_written) {
  const TemporaryFolder folder;
  auto store = Store::open(folder.path());
  ASSERT_TRUE(store->save("kms", "old").ok());
  std::filesystem::create_directories(folder.path() + "/kms.draft/in-the-way");
  EXPECT_FALSE(store->save("kms", "new").ok());
  EXPECT_EQ(store->load("kms").value(), "old");
}

TEST(Store, is_not_opened_where_a_file_stands) {
  const TemporaryFolder folder;
  write_file(folder.path() + "/file", "");
  EXPECT_FALSE(Store::open(folder.path() + "/file").ok());
  EXPECT_FALSE(Store::open(folder.path() + "/file/below").ok());
}

TEST(Api, refuses_in_the_form_of_the_json_services) {
  const Answer answer = json_error(400, "ValidationException", "a \"message\"");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, R"({"__type":"ValidationException","message":"a \"message\""})");
  EXPECT_EQ(answer.headers[1],
            (std::pair<std::string, std::string>("x-amzn-errortype", "ValidationException")));
}

}  // namespace
}  // namespace nes::aws_emulator
