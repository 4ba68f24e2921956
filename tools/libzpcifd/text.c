// SPDX-License-Identifier: MIT
/*
 * Failures and completions in words
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib.h"

/* The last failure of this thread that had no object to keep its text */
static __thread char thread_text[ZPCIFD_TEXT_LEN];

/**
 * __zpcifd_fail - Note a failure
 * @f: The function, or NULL
 * @name: What to call it
 * @op: The operation that failed
 * @err: Negative errno
 * @hint: What to do about it (printf), or NULL
 *
 * Return: @err
 */
int __zpcifd_fail(struct zpcifd *f, const char *name, const char *op, int err,
		  const char *hint, ...)
{
	char *text = f ? f->text : thread_text;
	va_list ap;
	int n;

	errno = -err;
	n = snprintf(text, ZPCIFD_TEXT_LEN, "%s: %s: %m", name, op);
	if (hint && n > 0 && n < ZPCIFD_TEXT_LEN - 2) {
		memcpy(text + n, ": ", 3);
		va_start(ap, hint);
		vsnprintf(text + n + 2, ZPCIFD_TEXT_LEN - n - 2, hint, ap);
		va_end(ap);
	}
	return err;
}

const char *zpcifd_strerror(const struct zpcifd *f)
{
	return f ? f->text : thread_text;
}

static const char *status_str(uint8_t status)
{
	switch (status) {
	case 4:
		return "function not enabled";
	case 8:
		return "function in error";
	case 12:
		return "function blocked";
	case 16:
		return "insufficient resources";
	case 20:
		return "invalid address space";
	case 24:
		return "function already enabled";
	case 28:
		return "DMA address space not enabled";
	case 36:
		return "second operand in an invalid address space";
	case 40:
		return "function not available";
	case 44:
		return "already in that state";
	default:
		return "status not known to this library";
	}
}

static void issued_str(const struct zpcifd_cqe *cqe, char *buf, size_t len)
{
	if (cqe->flags & ZPCIFD_CQE_PGM_CHECK) {
		snprintf(buf, len, "program check");
		return;
	}
	switch (cqe->cc) {
	case 0:
		snprintf(buf, len, "condition code 0: done");
		break;
	case 1:
		snprintf(buf, len, "condition code 1, status %u: %s",
			 cqe->status, status_str(cqe->status));
		break;
	case 2:
		snprintf(buf, len, "condition code 2: busy after %u retries",
			 cqe->retries);
		break;
	default:
		snprintf(buf, len, "condition code %u: function handle not valid",
			 cqe->cc);
	}
}

static void refused_str(const struct zpcifd_cqe *cqe, char *buf, size_t len)
{
	const char *why;

	if (cqe->flags & ZPCIFD_CQE_MSIX) {
		if (cqe->msix_entry == ~0U)
			snprintf(buf, len,
				 "refused: the kernel owns the MSI-X pending bit array");
		else
			snprintf(buf, len,
				 "refused: the kernel owns the MSI-X table, here entry %u",
				 cqe->msix_entry);
		return;
	}
	switch (cqe->res) {
	case -EINVAL:
		why = "refused: address space, length or alignment not valid";
		break;
	case -EFAULT:
		why = "refused: payload not inside one 4 KiB page of the data area";
		break;
	case -ERANGE:
		why = "refused: past the end of the address space";
		break;
	case -EACCES:
		why = "refused: the kernel does not allow this access";
		break;
	case -E2BIG:
		why = "refused: the chain is too long";
		break;
	case -ECANCELED:
		why = "canceled: an earlier descriptor of the chain failed";
		break;
	default:
		errno = -cqe->res;
		snprintf(buf, len, "not issued: %m");
		return;
	}
	snprintf(buf, len, "%s", why);
}

const char *zpcifd_cqe_str(const struct zpcifd_cqe *cqe, char *buf, size_t len)
{
	if (cqe->flags & ZPCIFD_CQE_ISSUED)
		issued_str(cqe, buf, len);
	else
		refused_str(cqe, buf, len);
	return buf;
}
