/* Lists of names, sets of files, paths. */
#include "test.h"

#include <stdlib.h>

#include "util/file_set.h"
#include "util/folder.h"
#include "util/list_file.h"

/* The names that a list of these bytes has, with '|' after each. */
static void expect_list(const char *path, const char *text, size_t size, const char *names)
{
    const ac_log log = test_log();
    char found[1024] = "";
    ac_list_file list;

    CHECK_INT(ac_list_file_parse(text, size, path, &log, &list), AC_OK);
    for (size_t i = 0; i < list.count; i++) {
        strcat(found, list.names[i]);
        strcat(found, "|");
    }
    CHECK_STR(found, names);
    ac_list_file_uninit(&list);
}

#define EXPECT_LIST(path, text, names) expect_list(path, text, sizeof(text) - 1, names)

static void expect_bad(const char *text, size_t size, const char *says)
{
    const ac_log log = test_log();
    ac_list_file list;

    test_log_clear();
    CHECK_INT(ac_list_file_parse(text, size, "x.list", &log, &list), AC_ERR_FORMAT);
    CHECK_INT(test_state.messages, 1);
    CHECK_HAS(test_state.message, says);
    ac_list_file_uninit(&list);
}

static void test_lists(void)
{
    char longest[5000];

    EXPECT_LIST("-", "a\nb", "a|b|");
    EXPECT_LIST("-", "a\r\n\r\n\n#b\n #c \n\xff\xfe\n", "a| #c |\xff\xfe|");
    EXPECT_LIST("-", "\xef\xbb\xbf#a\nb\n", "b|");
    EXPECT_LIST("x.list", "a\n/b\n", "a|/b|");
    EXPECT_LIST("in/x.list", "a\n/b\n../c\n", "in/a|/b|in/../c|");
    EXPECT_LIST("/x.list", "a\n", "/a|");
    EXPECT_LIST("-", "#a\nb\r\n\0\0c\0", "#a\nb\r\n|c|");
    EXPECT_LIST("-", "\0\0a", "a|");
    expect_bad("", 0, "names nothing");
    expect_bad("\0\0\0", 3, "names nothing");
    expect_bad("#\n\r\n", 4, "names nothing");
    memset(longest, 'x', sizeof(longest));
    longest[2] = '\n';
    expect_bad(longest, sizeof(longest), "name 2 has 4997 bytes");
}

static void expect_join(const char *folder, const char *name, const char *path)
{
    char *joined = ac_path_join(folder, name);

    CHECK_STR(joined, path);
    free(joined);
}

static void test_paths(void)
{
    expect_join("a", "b", "a/b");
    expect_join("a//", "b/c", "a/b/c");
    expect_join("/", "b", "/b");
    expect_join(".", "-", "./-");
}

static void test_set(void)
{
    struct stat info = {0};
    ac_file_set set = {0};
    bool added;

    CHECK(!ac_file_set_has(&set, &info)); /* none is in an empty one */
    for (int i = 0; i < 3000; i++) {
        info.st_ino = (ino_t)(i % 1500);
        info.st_dev = (dev_t)(i % 3);
        CHECK_INT(ac_file_set_add(&set, &info, &added), AC_OK);
        CHECK(added == (i < 1500));
    }
    CHECK_INT(set.count, 1500);
    CHECK(ac_file_set_has(&set, &info));
    info.st_ino = 1500;
    CHECK(!ac_file_set_has(&set, &info));
    ac_file_set_uninit(&set);
}

int main(void)
{
    test_lists();
    test_paths();
    test_set();
    return test_end();
}
