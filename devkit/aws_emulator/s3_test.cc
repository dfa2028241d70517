#include "devkit/aws_emulator/s3.h"

#include "aws/uri.h"
#include "aws/xml.h"
#include "base/bytes.h"
#include "devkit/aws_emulator/emulator_testing.h"

namespace nes::aws_emulator {
namespace {

class S3Test : public ::testing::Test {
 protected:
  Reply ask(std::string method, std::string path, aws::Query query = {}, aws::Headers headers = {},
            std::string body = {}) {
    Request request{std::move(method), std::move(path), std::move(query), std::move(headers),
                    std::move(body)};
    if (request.header("host").empty()) request.headers.emplace_back("Host", "127.0.0.1:4566");
    return s3.handle(s3_target(request, "us-east-1"), request);
  }
  static std::string code(const Reply& reply) {
    const auto root = aws::parse_xml(reply.answer.body);
    return std::to_string(reply.answer.status) + " " +
           (root.ok() ? std::string(root->child_text("Code")) : "");
  }
  static std::string header(const Reply& reply, std::string_view name) {
    for (const auto& [have, value] : reply.answer.headers)
      if (have == name) return value;
    return {};
  }
  // Keys and common prefixes in the order of the answer, then `…` and where it goes on.
  std::string list(aws::Query query) {
    query.emplace_back("list-type", "2");
    const Reply reply = ask("GET", "/bucket", query);
    const auto root = aws::parse_xml(reply.answer.body);
    EXPECT_EQ(reply.answer.status, 200) << reply.answer.body;
    std::string out;
    for (const aws::XmlElement& element : root->children) {
      if (element.name == "Contents") out += std::string(element.child_text("Key")) + " ";
      if (element.name == "CommonPrefixes") out += std::string(element.child_text("Prefix")) + " ";
    }
    token = root->child_text("NextContinuationToken");
    EXPECT_EQ(root->child_text("IsTruncated"), token.empty() ? "false" : "true");
    return out;
  }
  void put(const std::string& key, std::string_view content = "x") {
    write_file(folder.path() + "/s3/bucket/" + key, content);
  }

  TemporaryFolder folder;
  S3 s3 = S3::open(folder.path(), "111122223333", "us-east-1").value();
  std::string token;
};

TEST_F(S3Test, knows_path_style_and_virtual_hosts) {
  const auto target = [](std::string host, std::string path) {
    const S3Target found =
        s3_target({"GET", std::move(path), {}, {{"Host", std::move(host)}}, {}}, "eu-west-1");
    return found.operation + " " + found.bucket + " " + found.key;
  };
  EXPECT_EQ(target("localhost:80", "/b-1/a/b%20c"), "GetObject b-1 a/b c");
  EXPECT_EQ(target("b-1.s3.eu-west-1.amazonaws.com", "/a"), "GetObject b-1 a");
  EXPECT_EQ(target("with.dot.s3.amazonaws.com", "/a"), "GetObject with.dot a");
  EXPECT_EQ(target("b-1.localhost:4566", "/a"), "GetObject b-1 a");
  EXPECT_EQ(target("s3.eu-west-1.amazonaws.com", "/b-1/a"), "GetObject b-1 a");
  EXPECT_EQ(target("b-1.s3.us-west-2.amazonaws.com", "/a/k"), "GetObject a k")
      << "a host of another region is none";
  EXPECT_EQ(target("localhost", "/"), "ListBuckets  ");
  EXPECT_EQ(target("localhost", "/b-1/a%2"), "  ") << "not encoded";
}

TEST_F(S3Test, does_not_take_what_it_does_not_know_for_something_else) {
  ask("PUT", "/bucket");
  put("a");
  EXPECT_EQ(code(ask("GET", "/bucket/a", {{"acl", ""}})), "501 NotImplemented");
  EXPECT_EQ(code(ask("GET", "/bucket/a", {{"versionId", "1"}})), "501 NotImplemented");
  EXPECT_EQ(code(ask("GET", "/bucket")), "501 NotImplemented") << "version 1 of the listing";
  EXPECT_EQ(code(ask("POST", "/bucket/a", {{"uploads", ""}})), "501 NotImplemented");
  EXPECT_EQ(code(ask("PUT", "/bucket/b", {}, {{"x-amz-copy-source", "/bucket/a"}})), "501 NotImplemented");
  EXPECT_EQ(ask("GET", "/bucket/a", {{"x-id", "GetObject"}}).answer.status, 200);
}

TEST_F(S3Test, makes_lists_and_removes_buckets) {
  EXPECT_EQ(code(ask("GET", "/bucket", {{"list-type", "2"}})), "404 NoSuchBucket");
  EXPECT_EQ(ask("HEAD", "/bucket").answer.status, 404);
  EXPECT_EQ(ask("PUT", "/bucket").answer.status, 200);
  EXPECT_EQ(ask("HEAD", "/bucket").answer.status, 200);
  EXPECT_EQ(code(ask("PUT", "/bucket")), "409 BucketAlreadyOwnedByYou");
  EXPECT_NE(ask("GET", "/").answer.body.find("<Bucket><Name>bucket</Name><CreationDate>20"),
            std::string::npos);
  put("a");
  EXPECT_EQ(code(ask("DELETE", "/bucket")), "409 BucketNotEmpty");
  ask("DELETE", "/bucket/a");
  EXPECT_EQ(ask("DELETE", "/bucket").answer.status, 204);
  for (const char* name : {"/ab", "/Upper", "/-ab", "/a..b", "/a_b"})
    EXPECT_EQ(code(ask("PUT", name)), "400 InvalidBucketName") << name;
}

TEST_F(S3Test, serves_a_file_that_someone_dropped) {
  ask("PUT", "/bucket");
  put("schemas/a b.yaml", "content");
  const Reply reply = ask("GET", "/bucket/schemas/a%20b.yaml");
  EXPECT_EQ(reply.answer.status, 200);
  EXPECT_EQ(reply.answer.body, "content");
  EXPECT_EQ(header(reply, "etag"), "\"9a0364b9e99bb480dd25e1f0284c8555\"");  // md5("content")
  const Reply head = ask("HEAD", "/bucket/schemas/a%20b.yaml");
  EXPECT_TRUE(head.without_body);
  EXPECT_EQ(head.announced_length, 7U);
  EXPECT_EQ(header(head, "etag"), header(reply, "etag"));
  EXPECT_EQ(code(ask("GET", "/bucket/schemas")), "404 NoSuchKey");
  EXPECT_EQ(code(ask("GET", "/bucket/missing")), "404 NoSuchKey");
  EXPECT_EQ(code(ask("GET", "/missing-bucket/a")), "404 NoSuchBucket");
}

TEST_F(S3Test, notices_that_a_file_has_changed) {
  ask("PUT", "/bucket");
  put("a", "one");
  const std::string etag = header(ask("HEAD", "/bucket/a"), "etag");
  EXPECT_EQ(ask("GET", "/bucket/a", {}, {{"If-None-Match", etag}}).answer.status, 304);
  EXPECT_EQ(ask("GET", "/bucket/a", {}, {{"if-none-match", etag}}).answer.body, "");
  put("a", "two+");
  EXPECT_NE(header(ask("HEAD", "/bucket/a"), "etag"), etag);
  EXPECT_EQ(ask("GET", "/bucket/a", {}, {{"If-None-Match", etag}}).answer.body, "two+");
}

TEST_F(S3Test, puts_files_and_removes_them_with_their_folders) {
  ask("PUT", "/bucket");
  const Reply made = ask("PUT", "/bucket/a/b/c", {}, {}, "content");
  EXPECT_EQ(made.answer.status, 200);
  EXPECT_EQ(content_of(folder.path() + "/s3/bucket/a/b/c"), "content");
  EXPECT_EQ(header(made, "etag"), "\"9a0364b9e99bb480dd25e1f0284c8555\"");
  EXPECT_EQ(code(ask("PUT", "/bucket/a/b")), "409 OperationAborted");
  EXPECT_EQ(code(ask("PUT", "/bucket/a/b/c/d")), "409 OperationAborted");
  EXPECT_EQ(ask("DELETE", "/bucket/a/b/c").answer.status, 204);
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/s3/bucket/a"));
  EXPECT_EQ(ask("DELETE", "/bucket/a/b/c").answer.status, 204) << "there is none";
  EXPECT_EQ(ask("PUT", "/bucket/a", {}, {{"if-none-match", "*"}}, "1").answer.status, 200);
  EXPECT_EQ(code(ask("PUT", "/bucket/a", {}, {{"if-none-match", "*"}}, "2")), "412 PreconditionFailed");
}

TEST_F(S3Test, takes_no_key_that_leaves_its_bucket_or_is_no_file) {
  ask("PUT", "/bucket");
  write_file(folder.path() + "/s3/secret", "secret");
  for (const std::string path :
       {"/bucket/../secret", "/bucket/%2E%2E/secret", "/bucket/a/../../secret", "/bucket//a", "/bucket/a/",
        "/bucket/./a", "/bucket/a%00b", "/bucket/%2Fetc/passwd", "/bucket/%FF"}) {
    EXPECT_EQ(code(ask("GET", path)), "404 NoSuchKey") << path;
    EXPECT_EQ(code(ask("PUT", path)), "400 InvalidArgument") << path;
  }
  EXPECT_EQ(code(ask("PUT", "/bucket/" + std::string(1025, 'a'))), "400 InvalidArgument");
  EXPECT_EQ(code(ask("PUT", "/bucket/" + std::string(256, 'a'))), "400 InvalidArgument");
  EXPECT_EQ(ask("PUT", "/bucket/" + std::string(255, 'a')).answer.status, 200);
}

TEST_F(S3Test, follows_no_symbolic_link) {
  ask("PUT", "/bucket");
  write_file(folder.path() + "/outside/secret", "secret");
  std::filesystem::create_symlink(folder.path() + "/outside/secret", folder.path() + "/s3/bucket/file");
  std::filesystem::create_symlink(folder.path() + "/outside", folder.path() + "/s3/bucket/folder");
  EXPECT_EQ(code(ask("GET", "/bucket/file")), "404 NoSuchKey");
  EXPECT_EQ(code(ask("GET", "/bucket/folder/secret")), "404 NoSuchKey");
  EXPECT_EQ(code(ask("PUT", "/bucket/folder/new")), "409 OperationAborted");
  EXPECT_EQ(list({}), "");
}

TEST_F(S3Test, serves_a_range) {
  ask("PUT", "/bucket");
  put("a", "0123456789");
  const auto range = [&](std::string text) {
    const Reply reply = ask("GET", "/bucket/a", {}, {{"Range", std::move(text)}});
    return std::to_string(reply.answer.status) + " " + (reply.answer.status == 416 ? "" : reply.answer.body);
  };
  EXPECT_EQ(range("bytes=2-4"), "206 234");
  EXPECT_EQ(range("bytes=7-"), "206 789");
  EXPECT_EQ(range("bytes=-2"), "206 89");
  EXPECT_EQ(range("bytes=9-99"), "206 9");
  EXPECT_EQ(range("bytes=10-"), "416 ");
  EXPECT_EQ(range("bytes=-0"), "416 ");
  EXPECT_EQ(range("bytes=4-2"), "200 0123456789");
  EXPECT_EQ(range("lines=1-2"), "200 0123456789");
  EXPECT_EQ(header(ask("GET", "/bucket/a", {}, {{"Range", "bytes=2-4"}}), "content-range"), "bytes 2-4/10");
}

TEST_F(S3Test, takes_chunks_with_trailers_and_checks_what_they_say) {
  ask("PUT", "/bucket");
  const auto upload = [&](std::string body, std::string length = "9") {
    return ask("PUT", "/bucket/a", {},
               {{"x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
                {"x-amz-decoded-content-length", std::move(length)}},
               std::move(body));
  };
  EXPECT_EQ(upload("4\r\n1234\r\n5\r\n56789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n").answer.status,
            200);
  EXPECT_EQ(content_of(folder.path() + "/s3/bucket/a"), "123456789");
  EXPECT_EQ(code(upload("9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n")), "400 BadDigest");
  EXPECT_EQ(code(upload("9\r\n123456789\r\n0\r\nx-amz-checksum-md4:AAAAAA==\r\n\r\n")), "400 BadDigest");
  EXPECT_EQ(code(upload("9\r\n123456789\r\n0\r\n\r\n", "8")), "400 IncompleteBody");
  EXPECT_EQ(code(upload("9\r\n123456789\r\n0\r\n")), "400 IncompleteBody");
  EXPECT_EQ(code(upload("9;chunk-signature=00\r\n123456789\r\n0\r\n\r\n")), "400 IncompleteBody");
}

TEST_F(S3Test, checks_the_digests_in_headers) {
  ask("PUT", "/bucket");
  const auto with = [&](std::string name, std::string value) {
    return ask("PUT", "/bucket/a", {}, {{std::move(name), std::move(value)}}, "123456789").answer.status;
  };
  EXPECT_EQ(with("Content-MD5", "JfnnlDI7RTiF9RgfG2JNCw=="), 200);
  EXPECT_EQ(with("Content-MD5", "JfnnlDI7RTiF9RgfG2JNCg=="), 400);
  EXPECT_EQ(with("X-Amz-Checksum-Sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="), 200);
  EXPECT_EQ(with("X-Amz-Checksum-Sha256", "AeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="), 400);
  EXPECT_EQ(with("x-amz-checksum-algorithm", "CRC32"), 200);
}

TEST_F(S3Test, lists_in_the_order_of_bytes_and_groups_by_delimiter) {
  ask("PUT", "/bucket");
  for (const char* key : {"b", "a/2", "a/1", "a.txt", "a-b/x", "Z"}) put(key);
  EXPECT_EQ(list({}), "Z a-b/x a.txt a/1 a/2 b ");
  EXPECT_EQ(list({{"prefix", "a"}}), "a-b/x a.txt a/1 a/2 ");
  EXPECT_EQ(list({{"prefix", "a/"}}), "a/1 a/2 ");
  EXPECT_EQ(list({{"delimiter", "/"}}), "Z a.txt b a-b/ a/ ");
  EXPECT_EQ(list({{"delimiter", "/"}, {"prefix", "a/"}}), "a/1 a/2 ");
  EXPECT_EQ(list({{"start-after", "a/1"}}), "a/2 b ");
  EXPECT_EQ(list({{"max-keys", "0"}}), "");
}

TEST_F(S3Test, goes_on_where_a_page_ended) {
  ask("PUT", "/bucket");
  for (const char* key : {"a/1", "a/2", "b", "c/1", "c/2", "d"}) put(key);
  EXPECT_EQ(list({{"max-keys", "4"}}), "a/1 a/2 b c/1 ");
  EXPECT_EQ(list({{"max-keys", "4"}, {"continuation-token", token}}), "c/2 d ");
  EXPECT_EQ(list({{"max-keys", "3"}, {"delimiter", "/"}}), "b a/ c/ ");
  EXPECT_EQ(list({{"max-keys", "3"}, {"delimiter", "/"}, {"continuation-token", token}}), "d ")
      << "what is below a common prefix does not come again";
  EXPECT_EQ(list({{"max-keys", "6"}}), "a/1 a/2 b c/1 c/2 d ");
  EXPECT_EQ(code(ask("GET", "/bucket", {{"list-type", "2"}, {"continuation-token", "?"}})),
            "400 InvalidArgument");
  EXPECT_EQ(code(ask("GET", "/bucket", {{"list-type", "2"}, {"max-keys", "-1"}})), "400 InvalidArgument");
  EXPECT_EQ(code(ask("GET", "/bucket", {{"list-type", "2"}, {"encoding-type", "x"}})), "400 InvalidArgument");
}

TEST_F(S3Test, writes_keys_that_xml_must_escape_and_encodes_them_when_asked) {
  ask("PUT", "/bucket");
  put("a&<\">'b c+\xC3\xA4");
  EXPECT_EQ(list({}), "a&<\">'b c+\xC3\xA4 ");
  EXPECT_EQ(list({{"encoding-type", "url"}}), "a%26%3C%22%3E%27b+c%2B%C3%A4 ");
  put("folder/x y");
  EXPECT_EQ(list({{"encoding-type", "url"}, {"delimiter", "/"}, {"prefix", "f"}}), "folder/ ");
}

}  // namespace
}  // namespace nes::aws_emulator
