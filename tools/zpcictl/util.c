// SPDX-License-Identifier: GPL-2.0
/*
 * Messages, arguments, and a function to work with
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zpctl.h"

static void message(const char *fmt, va_list ap)
{
	/* What was printed so far comes first */
	fflush(stdout);
	fputs("zpctl: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

/** fail - Say what failed; returns the exit code for it */
int fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
	return ZPCTL_FAILED;
}

/** usage - Say how zpctl was called wrongly; returns the exit code for it */
int usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
	return ZPCTL_USAGE;
}

/** parse_u64 - Parse a decimal number, or a hexadecimal one with 0x */
int parse_u64(const char *s, uint64_t *value)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	const char *digits = hex ? s + 2 : s;
	char *end;

	if (!*digits ||
	    strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != strlen(digits))
		return -EINVAL;
	errno = 0;
	*value = strtoull(digits, &end, hex ? 16 : 10);
	return -errno;
}

/** parse_as - Parse an address space: bar0 to bar5, config, or a number */
int parse_as(const char *s, uint8_t *as)
{
	uint64_t value;

	if (!strcmp(s, "config")) {
		*as = ZPCIFD_AS_CONFIG;
		return 0;
	}
	if (!strncmp(s, "bar", 3)) {
		if (s[3] < '0' || s[3] >= '0' + ZPCIFD_NR_BARS || s[4])
			return -EINVAL;
		*as = s[3] - '0';
		return 0;
	}
	/* What the kernel does not know it may refuse itself */
	if (parse_u64(s, &value) || value > UINT8_MAX)
		return -EINVAL;
	*as = value;
	return 0;
}

/**
 * open_owned - Open a function, become its owner, and make a ring
 * @name: The function
 * @data_len: Bytes of the ring's data area
 * @f: Out: the function
 * @r: Out: its ring
 *
 * Return: an exit code; the failure was reported
 */
int open_owned(const char *name, uint32_t data_len, struct zpcifd **f,
	       struct zpcifd_ring *r)
{
	if (zpcifd_open(name, f))
		return fail("%s", zpcifd_strerror(NULL));
	if (zpcifd_bind(*f, -1) || zpcifd_ring_create(*f, r, 1, 1, data_len)) {
		fail("%s", zpcifd_strerror(*f));
		zpcifd_close(*f);
		return ZPCTL_FAILED;
	}
	return ZPCTL_OK;
}
