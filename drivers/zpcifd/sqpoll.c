// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel thread of a ring with ZPCIFD_RING_SQPOLL: it looks for descriptors
 * in the shared memory, so that submitting them takes no system call, and
 * sleeps when there have been none for a while.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "zpcifd_private.h"

static bool zpcifd_sqpoll = true;
module_param_named(sqpoll, zpcifd_sqpoll, bool, 0644);
MODULE_PARM_DESC(sqpoll, "Allow rings that a kernel thread polls (default: true)");

/**
 * struct zpcifd_sqpoll_seen - The user's counters when nothing could be done
 * @sq_tail: See struct zpcifd_ring_header
 * @cq_head: See struct zpcifd_ring_header
 *
 * Descriptors that wait for room in the completion queue, and counters that
 * make no sense, are no work until user space changes a counter.
 */
struct zpcifd_sqpoll_seen {
	u32 sq_tail;
	u32 cq_head;
};

/**
 * zpcifd_sqpoll_allowed - Does the administrator allow ZPCIFD_RING_SQPOLL?
 *
 * Return: whether new rings may have it
 */
bool zpcifd_sqpoll_allowed(void)
{
	return READ_ONCE(zpcifd_sqpoll);
}

static bool zpcifd_sqpoll_has_work(struct zpcifd_ring *ring,
				   const struct zpcifd_sqpoll_seen *seen)
{
	u32 sq_tail = READ_ONCE(ring->header->sq_tail);

	return sq_tail != READ_ONCE(ring->sq_head) &&
	       (sq_tail != seen->sq_tail ||
		READ_ONCE(ring->header->cq_head) != seen->cq_head);
}

/* Tries once; returns whether descriptors were taken */
static bool zpcifd_sqpoll_try(struct zpcifd_ring *ring,
			      struct zpcifd_sqpoll_seen *seen)
{
	struct zpcifd_sqpoll_seen now = {
		.sq_tail = READ_ONCE(ring->header->sq_tail),
		.cq_head = READ_ONCE(ring->header->cq_head),
	};

	if (zpcifd_submit(ring, INT_MAX, false) > 0) {
		/* Behind what is work next, as a tail may be right that was junk */
		seen->sq_tail = ring->sq_head;
		return true;
	}
	*seen = now;
	return false;
}

static void zpcifd_sqpoll_sleep(struct zpcifd_ring *ring,
				const struct zpcifd_sqpoll_seen *seen)
{
	WRITE_ONCE(ring->header->flags, ZPCIFD_RING_NEED_WAKEUP);
	/*
	 * Pairs with user space's full barrier between its store to sq_tail or
	 * cq_head and its load of flags: one of the two sees the other's store.
	 */
	smp_mb();
	wait_event_idle(ring->sq_wait, kthread_should_stop() ||
			zpcifd_sqpoll_has_work(ring, seen));
	WRITE_ONCE(ring->header->flags, 0);
}

static int zpcifd_sqpoll_thread(void *data)
{
	struct zpcifd_ring *ring = data;
	/* Behind any counter that could be work now */
	struct zpcifd_sqpoll_seen seen = { ring->sq_head, ring->cq_tail };
	u64 busy = ktime_get_ns();

	/* From zpcifd_sqpoll_stop() alone, never from user space */
	allow_kernel_signal(SIGKILL);
	while (!kthread_should_stop()) {
		if (zpcifd_sqpoll_has_work(ring, &seen) &&
		    zpcifd_sqpoll_try(ring, &seen)) {
			busy = ktime_get_ns();
		} else if (ktime_get_ns() - busy > ring->sq_idle ||
			   zpcifd_ring_stops(ring)) {
			zpcifd_sqpoll_sleep(ring, &seen);
			busy = ktime_get_ns();
		} else {
			cpu_relax();
		}
		cond_resched();
	}
	return 0;
}

/**
 * zpcifd_sqpoll_start - Start the thread of a ring
 * @ring: The ring, which may run descriptors
 * @cmd: Where and how the thread runs
 *
 * The thread has the caller's nice value and, without ZPCIFD_RING_SQ_AFF, runs
 * on the CPUs that the caller may use.
 *
 * Context: process context of the ring's creator, zpcifd_device::lock held
 *
 * Return: 0, or a negative errno: see struct zpcifd_ring_create
 */
int zpcifd_sqpoll_start(struct zpcifd_ring *ring,
			const struct zpcifd_ring_create *cmd)
{
	struct task_struct *thread;
	u32 cpu = cmd->sq_thread_cpu;

	lockdep_assert_held(&ring->zd->lock);

	if (!zpcifd_sqpoll_allowed())
		return -EPERM;
	if (cmd->flags & ZPCIFD_RING_SQ_AFF &&
	    (cpu >= nr_cpu_ids || !cpu_online(cpu) ||
	     !cpumask_test_cpu(cpu, current->cpus_ptr)))
		return -EINVAL;

	ring->sq_idle = (cmd->sq_thread_idle ?: 1) * NSEC_PER_MSEC;
	thread = kthread_create(zpcifd_sqpoll_thread, ring, "%s-sq-%d",
				dev_name(&ring->zd->dev), task_pid_nr(current));
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	set_user_nice(thread, task_nice(current));
	if (cmd->flags & ZPCIFD_RING_SQ_AFF) {
		kthread_bind(thread, cpu);
		wake_up_process(thread);
	} else {
		/* A thread that starts sets its own CPUs: let that be over */
		kthread_park(thread);
		set_cpus_allowed_ptr(thread, current->cpus_ptr);
		kthread_unpark(thread);
	}
	ring->sq_thread = thread;
	return 0;
}

/**
 * zpcifd_sqpoll_stop - Stop the thread of a ring if it has one
 * @ring: The ring
 *
 * Context: process context, zpcifd_device::lock held. Waits until the
 * descriptors that run have completed; set %ZPCIFD_RING_STOPS first, so that it
 * does not wait for a whole batch.
 */
void zpcifd_sqpoll_stop(struct zpcifd_ring *ring)
{
	lockdep_assert_held(&ring->zd->lock);

	if (!ring->sq_thread)
		return;
	/* It may wait for other rings' chains: that wait ends with a signal */
	send_sig(SIGKILL, ring->sq_thread, 1);
	kthread_stop(ring->sq_thread);
	ring->sq_thread = NULL;
	/* Who only looks at the memory calls ZPCIFD_RING_ENTER, and finds out */
	WRITE_ONCE(ring->header->flags, ZPCIFD_RING_NEED_WAKEUP);
}
