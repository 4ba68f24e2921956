// SPDX-License-Identifier: GPL-2.0
/*
 * zpctl on one function: what it prints, where, and its exit codes
 */
#include <json-c/json.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <kselftest_harness.h>

#include "zpcifd_vmm.h"

/**
 * struct result - What a run of zpctl left
 * @status: Its exit code
 * @out: Its standard output
 * @err: Its standard error
 */
struct result {
	int status;
	char out[32768];
	char err[1024];
};

static void slurp(const char *path, char *buf, size_t len)
{
	FILE *file = fopen(path, "r");
	size_t n = file ? fread(buf, 1, len - 1, file) : 0;

	buf[n] = 0;
	if (file)
		fclose(file);
}

/* Runs zpctl without a shell, as processes are dear in user-mode Linux */
__printf(3, 4)
static void run(struct __test_metadata *_metadata, struct result *r,
		const char *fmt, ...)
{
	static const char out[] = "/tmp/zpctl.out", err[] = "/tmp/zpctl.err";
	posix_spawn_file_actions_t files;
	char line[256], *argv[16], *rest = line;
	int n = 0, status;
	va_list ap;
	pid_t pid;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	while (n < 15 && (argv[n] = strtok_r(rest, " ", &rest)))
		n++;
	argv[n] = NULL;
	ASSERT_EQ(0, posix_spawn_file_actions_init(&files));
	posix_spawn_file_actions_addopen(&files, 0, "/dev/zero", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_addopen(&files, 2, err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ASSERT_EQ(0, posix_spawnp(&pid, argv[0], &files, NULL, argv, environ));
	posix_spawn_file_actions_destroy(&files);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	slurp(out, r->out, sizeof(r->out));
	slurp(err, r->err, sizeof(r->err));
}

static void expect_failure(struct __test_metadata *_metadata,
			   const struct result *r, int status, const char *text)
{
	EXPECT_EQ(status, r->status);
	EXPECT_STREQ("", r->out);
	EXPECT_EQ(0, strncmp(r->err, "zpctl: ", 7));
	EXPECT_NE(NULL, strstr(r->err, text)) {
		TH_LOG("expected '%s' in: %s", text, r->err);
	}
}

FIXTURE(zpctl) {
	struct zpcifd *f;
	const char *name;
	struct result r;
};

FIXTURE_SETUP(zpctl)
{
	const char *path = getenv("ZPCIFD_FUNCTION");

	ASSERT_EQ(0, zpcifd_open(path ? path : "set ZPCIFD_FUNCTION", &self->f)) {
		TH_LOG("%s", zpcifd_strerror(NULL));
	}
	self->name = zpcifd_name(self->f);
}

FIXTURE_TEARDOWN(zpctl)
{
	zpcifd_close(self->f);
}

TEST_F(zpctl, being_called_wrongly_is_exit_code_2)
{
	static const struct {
		const char *args;
		const char *text;
	} cases[] = {
		{ "frob", "unknown command 'frob'" },
		{ "list x", "expected no arguments" },
		{ "load zpci0 bar0 0", "expected FUNCTION AS OFFSET LEN" },
		{ "info -x zpci0", "unknown option '-x'" },
		{ "load zpci0 bar6 0 4", "address space 'bar6'" },
		{ "load zpci0 bar0 -- -1 4", "offset '-1'" },
		{ "load zpci0 bar0 0 9", "length '9'" },
		{ "store zpci0 bar0 0 2 0x10000", "value '0x10000'" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		run(_metadata, &self->r, "zpctl %s", cases[i].args);
		expect_failure(_metadata, &self->r, 2, cases[i].text);
	}
}

TEST_F(zpctl, every_command_has_help)
{
	static const char * const names[] = {
		"list", "info", "bind", "unbind", "load", "store", "block", "config",
	};
	char line[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		run(_metadata, &self->r, "zpctl %s --help", names[i]);
		EXPECT_EQ(0, self->r.status);
		EXPECT_STREQ("", self->r.err);
		snprintf(line, sizeof(line), "usage: zpctl %s", names[i]);
		EXPECT_EQ(0, strncmp(line, self->r.out, strlen(line)));
	}
}

TEST_F(zpctl, a_function_that_is_not_there_is_named)
{
	static const char * const commands[] = {
		"info zpci4095", "bind zpci4095", "config zpci4095",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		run(_metadata, &self->r, "zpctl %s", commands[i]);
		expect_failure(_metadata, &self->r, 1, "zpci4095: ");
	}
}

static int64_t number_of(struct json_object *o, const char *group, const char *key)
{
	struct json_object *member = o;

	if (group && !json_object_object_get_ex(o, group, &member))
		return -1;
	if (!json_object_object_get_ex(member, key, &member))
		return -1;
	return json_object_get_int64(member);
}

TEST_F(zpctl, list_has_the_function)
{
	struct json_object *all, *one = NULL, *name;
	char start[32];
	size_t i;

	run(_metadata, &self->r, "zpctl list --json");
	EXPECT_EQ(0, self->r.status);
	all = json_tokener_parse(self->r.out);
	ASSERT_TRUE(json_object_is_type(all, json_type_array));
	for (i = 0; i < json_object_array_length(all); i++) {
		struct json_object *o = json_object_array_get_idx(all, i);

		if (json_object_object_get_ex(o, "name", &name) &&
		    !strcmp(json_object_get_string(name), self->name))
			one = o;
	}
	ASSERT_NE(NULL, one);
	EXPECT_EQ(zpcifd_info(self->f)->out_fid, number_of(one, NULL, "fid"));
	EXPECT_EQ(zpcifd_info(self->f)->out_uid, number_of(one, NULL, "uid"));
	EXPECT_EQ(zpcifd_info(self->f)->out_pft, number_of(one, NULL, "pft"));
	EXPECT_EQ(!!(zpcifd_info(self->f)->out_features & ZPCIFD_FEATURE_SIM),
		  number_of(one, NULL, "simulated"));
	json_object_put(all);

	run(_metadata, &self->r, "zpctl list");
	EXPECT_EQ(0, self->r.status);
	snprintf(start, sizeof(start), "\n%s ", self->name);
	EXPECT_NE(NULL, strstr(self->r.out, start));
}

TEST_F(zpctl, info_tells_what_the_kernel_tells)
{
	const struct zpcifd_info *info = zpcifd_info(self->f);
	struct json_object *o, *path, *member;
	const char *reason;
	char text[256];

	run(_metadata, &self->r, "zpctl info --json fid:%u", info->out_fid);
	EXPECT_EQ(0, self->r.status);
	o = json_tokener_parse(self->r.out);
	ASSERT_NE(NULL, o);
	EXPECT_EQ(info->out_fid, number_of(o, "identity", "fid"));
	EXPECT_EQ(info->out_maxstbl, number_of(o, "instructions", "maxstbl"));
	EXPECT_EQ(info->out_start_dma, number_of(o, "dma", "start"));
	EXPECT_EQ(info->out_end_dma, number_of(o, "dma", "end"));
	EXPECT_EQ(0, number_of(o, "dma", "pgsize_bitmap"));
	EXPECT_EQ(info->out_max_msi, number_of(o, "interrupts", "max_msi"));
	EXPECT_EQ(info->out_max_chain, number_of(o, "relay", "max_chain"));
	ASSERT_TRUE(json_object_object_get_ex(o, "path", &path));
	ASSERT_TRUE(json_object_object_get_ex(path, "route", &member));
	EXPECT_STREQ(zpcifd_path_str(zpcifd_route(info, &reason)),
		     json_object_get_string(member));
	ASSERT_TRUE(json_object_object_get_ex(path, "reason", &member));
	EXPECT_STREQ(reason, json_object_get_string(member));
	json_object_put(o);

	run(_metadata, &self->r, "zpctl info %s", self->name);
	EXPECT_EQ(0, self->r.status);
	snprintf(text, sizeof(text), "Function ID                   0x%08x\n",
		 info->out_fid);
	EXPECT_NE(NULL, strstr(self->r.out, text));
	snprintf(text, sizeof(text), "Reason                        %s\n", reason);
	EXPECT_NE(NULL, strstr(self->r.out, text));
	EXPECT_NE(NULL, strstr(self->r.out, "Page sizes (0: not attached)  0x0\n"));
}

TEST_F(zpctl, info_tells_the_page_sizes_that_another_process_attached)
{
	struct json_object *o;
	uint32_t id;

	ASSERT_EQ(0, zpcifd_bind(self->f, -1));
	ASSERT_EQ(0, zpcifd_ioas_alloc(self->f, &id));
	ASSERT_EQ(0, zpcifd_attach(self->f, &id));
	run(_metadata, &self->r, "zpctl info --json %s", self->name);
	EXPECT_EQ(0, self->r.status);
	o = json_tokener_parse(self->r.out);
	ASSERT_NE(NULL, o);
	EXPECT_NE(0, zpcifd_info(self->f)->out_pgsize_bitmap);
	EXPECT_EQ(zpcifd_info(self->f)->out_pgsize_bitmap,
		  number_of(o, "dma", "pgsize_bitmap"));
	json_object_put(o);
}

TEST_F(zpctl, load_and_config_show_what_the_library_reads)
{
	unsigned char c[256];
	struct zpcifd_ring r;
	uint64_t value = 0;
	char text[64];

	ASSERT_EQ(0, zpcifd_bind(self->f, -1));
	ASSERT_EQ(0, zpcifd_ring_create(self->f, &r, 1, 1, 0));
	ASSERT_EQ(0, zpcifd_config_read(&r, 0, c, sizeof(c)));
	ASSERT_EQ(0, zpcifd_load(&r, ZPCIFD_AS_CONFIG, 0, 4, &value));
	zpcifd_ring_destroy(&r);
	zpcifd_close(self->f);
	ASSERT_EQ(0, zpcifd_open(getenv("ZPCIFD_FUNCTION"), &self->f));
	self->name = zpcifd_name(self->f);

	run(_metadata, &self->r, "zpctl load %s config 0 4", self->name);
	EXPECT_EQ(0, self->r.status);
	snprintf(text, sizeof(text), "value 0x%08x cc 0 status 0\n", (unsigned int)value);
	EXPECT_STREQ(text, self->r.out);
	run(_metadata, &self->r, "zpctl load -l %s config 0 2", self->name);
	snprintf(text, sizeof(text), "value 0x%02x%02x cc 0 status 0\n", c[1], c[0]);
	EXPECT_STREQ(text, self->r.out);
	run(_metadata, &self->r, "zpctl config %s", self->name);
	EXPECT_EQ(0, self->r.status);
	snprintf(text, sizeof(text), "\n00: %02x %02x %02x %02x ", c[0], c[1], c[2], c[3]);
	EXPECT_NE(NULL, strstr(self->r.out, text));
	EXPECT_NE(NULL, strstr(self->r.out, ": MSI-X\n"));
}

TEST_F(zpctl, an_instruction_that_is_refused_fails_in_words)
{
	run(_metadata, &self->r, "zpctl load %s config 3 4", self->name);
	expect_failure(_metadata, &self->r, 1,
		       "load: Invalid argument: refused: address space, length or alignment");
	run(_metadata, &self->r, "zpctl load %s config 4096 4", self->name);
	expect_failure(_metadata, &self->r, 1, "refused: past the end");
	run(_metadata, &self->r, "zpctl store %s config 0x10 4 0", self->name);
	expect_failure(_metadata, &self->r, 1,
		       "store: Permission denied: refused: the kernel does not allow");
	run(_metadata, &self->r, "zpctl block %s config 0 /proc/self/comm", self->name);
	expect_failure(_metadata, &self->r, 1, "block: Invalid argument: refused");
	run(_metadata, &self->r, "zpctl block %s bar0 0 /dev/null", self->name);
	expect_failure(_metadata, &self->r, 1, "/dev/null: one PCISTB stores");
	run(_metadata, &self->r, "zpctl block %s bar0 0 -", self->name);
	expect_failure(_metadata, &self->r, 1, "-: one PCISTB stores 1 to 4096 bytes");
}

TEST_F(zpctl, a_function_with_an_owner_can_be_asked_and_no_more)
{
	ASSERT_EQ(0, zpcifd_bind(self->f, -1));
	run(_metadata, &self->r, "zpctl config %s", self->name);
	expect_failure(_metadata, &self->r, 1, "bind: Device or resource busy: another file");
	run(_metadata, &self->r, "zpctl info %s", self->name);
	EXPECT_EQ(0, self->r.status);
}

TEST_F(zpctl, a_simulated_function_is_bound_in_configfs_only)
{
	if (!(zpcifd_info(self->f)->out_features & ZPCIFD_FEATURE_SIM))
		SKIP(return, "the function is physical");
	run(_metadata, &self->r, "zpctl bind %s", self->name);
	expect_failure(_metadata, &self->r, 1, "it is simulated");
	run(_metadata, &self->r, "zpctl unbind %s", self->name);
	expect_failure(_metadata, &self->r, 1, "it is simulated");
}

/* What sysfs has, made up */
static void make_pci(struct __test_metadata *_metadata, const char *root,
		     const char *address, const char *fid, const char *uid)
{
	const char *const attrs[][2] = {
		{ "function_id", fid }, { "uid", uid }, { "pft", "0x05" },
		{ "vendor", "0x1014" }, { "device", "0x04ed" },
	};
	char path[PATH_MAX];
	FILE *file;
	size_t i;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s", root, address);
	ASSERT_EQ(0, mkdir(path, 0700));
	for (i = 0; i < ARRAY_SIZE(attrs); i++) {
		snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/%s", root,
			 address, attrs[i][0]);
		file = fopen(path, "w");
		ASSERT_NE(NULL, file);
		fprintf(file, "%s\n", attrs[i][1]);
		fclose(file);
	}
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/driver", root, address);
	ASSERT_EQ(0, symlink("../../drivers/ism", path));
}

TEST_F(zpctl, names_are_looked_up_among_all_functions)
{
	char root[] = "/tmp/sysfs.XXXXXX", line[PATH_MAX];

	ASSERT_NE(NULL, mkdtemp(root));
	snprintf(line, sizeof(line), "mkdir -p %s/bus/pci/devices", root);
	ASSERT_EQ(0, system(line));
	make_pci(_metadata, root, "0001:00:00.0", "0x0000001a", "0x7");
	make_pci(_metadata, root, "0000:00:00.0", "0x0000001b", "0x7");
	ASSERT_EQ(0, setenv("ZPCTL_SYSFS", root, 1));

	run(_metadata, &self->r, "zpctl list");
	EXPECT_EQ(0, self->r.status);
	EXPECT_STREQ("NAME      ADDRESS       FID         UID         PFT   IDS        DRIVER\n"
		     "-         0000:00:00.0  0x0000001b  0x7         0x05  1014:04ed  ism\n"
		     "-         0001:00:00.0  0x0000001a  0x7         0x05  1014:04ed  ism\n",
		     self->r.out);
	run(_metadata, &self->r, "zpctl bind uid:7");
	expect_failure(_metadata, &self->r, 1, "uid:7: several functions have it");
	run(_metadata, &self->r, "zpctl bind fid:0x1a");
	expect_failure(_metadata, &self->r, 1,
		       "0001:00:00.0: bind: driver zpcifd is not there");
	run(_metadata, &self->r, "zpctl unbind 0001:00:00.0");
	expect_failure(_metadata, &self->r, 1,
		       "unbind: driver zpcifd does not have it, driver ism has");
	snprintf(line, sizeof(line), "rm -r %s", root);
	EXPECT_EQ(0, system(line));
}

TEST_HARNESS_MAIN
