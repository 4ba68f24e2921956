// SPDX-License-Identifier: GPL-2.0
/*
 * zpctl: zPCI functions at the command line
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "zpctl.h"

#define ONE_INSTRUCTION \
	"The function must not have another owner. It is reset before the\n" \
	"instruction, and again after it: what is stored does not stay.\n"

#define NAMING \
	"FUNCTION is a name (zpci0), a path (/dev/zpci/zpci0), a function ID\n" \
	"(fid:0x1a), a user-defined ID (uid:0x7) or a PCI address (0001:00:00.0).\n"

#define PLACE \
	"AS is the address space: bar0 to bar5, or config. Numbers are decimal, or\n" \
	"hexadecimal with 0x.\n"

#define ENDIAN \
	"The function's byte at the lowest address is the most significant one of\n" \
	"the value. Most registers are little-endian: -l turns their bytes around.\n"

static const struct command commands[] = {
	{
		.name = "list",
		.args = "",
		.options = "j",
		.summary = "List all functions",
		.help = "Lists the zPCI functions of this system, with the driver that has each,\n"
			"and its name if that is zpcifd; and simulated functions.\n",
		.run = cmd_list,
	},
	{
		.name = "info",
		.args = "FUNCTION",
		.nr_args = 1,
		.options = "j",
		.summary = "Show what a function is and can do",
		.help = NAMING "A function that is in use can be asked too.\n",
		.run = cmd_info,
	},
	{
		.name = "bind",
		.args = "FUNCTION",
		.nr_args = 1,
		.options = "",
		.summary = "Give a function to zpcifd",
		.help = "Takes the PCI function from the kernel driver that has it, and gives it\n"
			"to the driver zpcifd, which makes /dev/zpci/zpciN. Stop what uses the\n"
			"function first: unmount its file systems, bring its interfaces down.\n"
			NAMING,
		.run = cmd_bind,
	},
	{
		.name = "unbind",
		.args = "FUNCTION",
		.nr_args = 1,
		.options = "",
		.summary = "Give a function back to its kernel driver",
		.help = "Takes the PCI function from zpcifd and lets the kernel choose the\n"
			"driver. A process that owns the function loses it.\n"
			NAMING,
		.run = cmd_unbind,
	},
	{
		.name = "load",
		.args = "FUNCTION AS OFFSET LEN",
		.nr_args = 4,
		.options = "l",
		.summary = "Run one PCILG",
		.help = NAMING PLACE ENDIAN ONE_INSTRUCTION,
		.run = cmd_load,
	},
	{
		.name = "store",
		.args = "FUNCTION AS OFFSET LEN VALUE",
		.nr_args = 5,
		.options = "l",
		.summary = "Run one PCISTG",
		.help = NAMING PLACE ENDIAN ONE_INSTRUCTION,
		.run = cmd_store,
	},
	{
		.name = "block",
		.args = "FUNCTION AS OFFSET FILE",
		.nr_args = 4,
		.options = "",
		.summary = "Run one PCISTB",
		.help = "Stores the bytes of FILE, or of standard input for '-', as they are.\n"
			NAMING PLACE ONE_INSTRUCTION,
		.run = cmd_block,
	},
	{
		.name = "config",
		.args = "FUNCTION",
		.nr_args = 1,
		.options = "jx",
		.summary = "Dump and explain config space",
		.help = NAMING
			"The function must not have another owner. It is reset before and after:\n"
			"what is shown is its state after a reset.\n",
		.run = cmd_config,
	},
	{
		.name = "stat",
		.args = "[FUNCTION]",
		.nr_optional = 1,
		.options = "j",
		.summary = "Show states, owners and counters",
		.help = NAMING
			"Without FUNCTION: all functions that zpcifd has. The owner's process is\n"
			"shown to its user and to the administrator.\n",
		.run = cmd_stat,
	},
	{
		.name = "monitor",
		.args = "",
		.options = "j",
		.summary = "Show what happens to functions, as it happens",
		.help = "Prints a line for every event: a function was added, was removed, got or\n"
			"lost its owner, changed its state, was reset. With --json, each line is an\n"
			"object. Runs until it is interrupted, or the module zpcifd is unloaded.\n",
		.run = cmd_monitor,
	},
};

static const struct {
	char letter;
	const char *help;
} option_help[] = {
	{ 'j', "  -j, --json           print JSON\n" },
	{ 'l', "  -l, --little-endian  the register is little-endian\n" },
	{ 'x', "  -x, --extended       all 4096 bytes, not 256\n" },
};

static void print_usage(void)
{
	size_t i;

	puts("usage: zpctl COMMAND [OPTIONS] [ARGUMENTS]\n\nCommands:");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-7s %-28s  %s\n", commands[i].name, commands[i].args,
		       commands[i].summary);
	puts("\n'zpctl COMMAND --help' says more about one.\n"
	     "Exit codes: 0 done, 1 failed, 2 called wrongly.");
}

static void print_help(const struct command *c)
{
	size_t i;

	printf("usage: zpctl %s%s%s%s\n%s.\n\n%s\nOptions:\n", c->name,
	       *c->options ? " [OPTIONS]" : "", *c->args ? " " : "", c->args,
	       c->summary, c->help);
	for (i = 0; i < ARRAY_SIZE(option_help); i++)
		if (strchr(c->options, option_help[i].letter))
			fputs(option_help[i].help, stdout);
	puts("  -h, --help           print this\n\n"
	     "Exit codes: 0 done, 1 failed, 2 called wrongly.");
}

static int run(const struct command *c, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "little-endian", no_argument, NULL, 'l' },
		{ "extended", no_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	struct options opt = { 0 };
	int letter;

	opterr = 0;
	while ((letter = getopt_long(argc, argv, "jlxh", long_options, NULL)) != -1) {
		if (letter == 'h') {
			print_help(c);
			return ZPCTL_OK;
		}
		if (letter == '?' || !strchr(c->options, letter))
			return usage("%s: unknown option '%s'; see 'zpctl %s --help'",
				     c->name, argv[optind - 1], c->name);
		opt.json |= letter == 'j';
		opt.little_endian |= letter == 'l';
		opt.extended |= letter == 'x';
	}
	if (argc - optind < c->nr_args || argc - optind > c->nr_args + c->nr_optional)
		return usage("%s: expected %s; see 'zpctl %s --help'", c->name,
			     *c->args ? c->args : "no arguments", c->name);
	return c->run(argv + optind, &opt);
}

static int dispatch(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		return usage("no command given; see 'zpctl --help'");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_usage();
		return ZPCTL_OK;
	}
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return run(&commands[i], argc - 1, argv + 1);
	return usage("unknown command '%s'; see 'zpctl --help'", argv[1]);
}

int main(int argc, char **argv)
{
	int ret = dispatch(argc, argv);

	if (fflush(stdout) || ferror(stdout))
		return fail("standard output: %m");
	return ret;
}
