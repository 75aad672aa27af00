//! Queue, PriorityQueue and LifoQueue through their public faces.
//!
//! The cases of Tornado's `queues_test`, and what Rust adds to them: futures that are dropped.

mod begun;
mod turns;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use begun::begin;
use firewhirl_event::queues::{
    LifoQueue, OrderedQueue, PriorityQueue, Queue, QueueEmpty, QueueFull, QueueOrder, TaskDoneError,
};
use tokio::task::{spawn_local, yield_now};
use tokio::time::sleep;
use turns::{LONG, SHORT, later, loop_briefly, run};

mod basics {
    use super::*;

    #[test]
    fn debug_shows_sizes_waiters_and_unfinished_tasks() {
        let queue = Queue::with_maxsize(1);
        let mut get = begin(queue.get());
        assert_eq!(format!("{queue:?}"), "Queue { maxsize: 1, qsize: 0, getters: 1, putters: 0, tasks: 0 }");
        let mut puts: Vec<_> = (0..3).map(|item| begin(queue.put(item))).collect();
        assert_eq!(format!("{queue:?}"), "Queue { maxsize: 1, qsize: 1, getters: 0, putters: 1, tasks: 2 }");
        assert!(get.is_done());
        assert!(!puts[2].is_done());
        assert_eq!(
            format!("{:?}", LifoQueue::<()>::new()),
            "LifoQueue { maxsize: 0, qsize: 0, getters: 0, putters: 0, tasks: 0 }"
        );
    }

    #[test]
    fn items_leave_in_the_order_in_which_they_came() {
        let queue = Queue::new();
        [1, 3, 2].iter().for_each(|item| queue.put_nowait(item).unwrap());
        assert_eq!([(); 3].map(|()| queue.get_nowait().unwrap()), [&1, &3, &2]);
    }

    #[test]
    fn a_queue_takes_maxsize_items_and_lets_the_next_in_when_one_leaves() {
        let queue = Queue::with_maxsize(2);
        assert!(queue.empty() && !queue.full());
        assert_eq!(queue.maxsize(), 2);
        assert!(begin(queue.put(0)).is_done());
        assert!(begin(queue.put(1)).is_done());
        assert!(!queue.empty() && queue.full());
        let mut third = begin(queue.put(2));
        assert!(!third.is_done());
        assert_eq!(begin(queue.get()).done(), 0);
        assert!(third.is_done());
        assert!(!queue.empty() && queue.full());
    }

    #[test]
    fn a_maxsize_of_zero_is_no_bound() {
        let queue = Queue::with_maxsize(0);
        (0..1000).for_each(|item| queue.put_nowait(item).unwrap());
        assert!(!queue.full());
        assert_eq!(queue.qsize(), 1000);
    }
}

mod get {
    use super::*;

    #[test]
    fn an_item_that_is_there_is_taken_at_once() {
        let queue = Queue::new();
        queue.put_nowait(0).unwrap();
        assert_eq!(begin(queue.get()).done(), 0);
        queue.put_nowait(1).unwrap();
        assert_eq!(queue.get_nowait(), Ok(1));
    }

    #[test]
    fn an_empty_queue_is_an_error_of_get_nowait() {
        let queue = Queue::<u32>::new();
        assert_eq!(queue.get_nowait(), Err(QueueEmpty));
        assert_eq!(QueueEmpty.to_string(), "the queue is empty");
    }

    #[test]
    fn a_get_lets_a_waiting_put_in() {
        let queue = Queue::with_maxsize(1);
        queue.put_nowait(0).unwrap();
        let put = begin(queue.put(1));
        assert_eq!(begin(queue.get()).done(), 0);
        put.done();
        assert_eq!(queue.get_nowait(), Ok(1));
    }

    #[test]
    fn a_get_waits_for_an_item() {
        run(async || {
            let queue = Queue::new();
            queue.put_nowait(0)?;
            let producer = queue.clone();
            later(SHORT, move || producer.put_nowait(1).unwrap());
            assert_eq!(queue.get().timeout(LONG).await?, 0);
            assert_eq!(queue.get().timeout(LONG).await?, 1);
            Ok(())
        });
    }

    #[test]
    fn a_get_that_timed_out_takes_nothing() {
        run(async || {
            let queue = Queue::new();
            let timed = spawn_local(queue.get().timeout(SHORT));
            loop_briefly().await;
            let get = begin(queue.get());
            let error = timed.await?.unwrap_err();
            assert_eq!(error.to_string(), "no item was put in time");
            queue.put_nowait(0)?;
            assert_eq!(get.done(), 0);
            Ok(())
        });
    }

    #[test]
    fn a_deadline_in_the_past_asks_once() {
        run(async || {
            let queue = Queue::new();
            assert!(queue.get().timeout(Duration::ZERO).await.is_err());
            assert!(queue.get().timeout(Instant::now()).await.is_err());
            queue.put_nowait(0)?;
            assert_eq!(queue.get().timeout(Duration::ZERO).await?, 0);
            Ok(())
        });
    }

    #[test]
    fn an_item_before_the_deadline_counts_however_late_it_is_seen() {
        run(async || {
            let queue = Queue::new();
            let get = begin(queue.get().timeout(SHORT));
            queue.put_nowait(0)?;
            sleep(SHORT * 2).await;
            assert_eq!(get.finish().await?, 0);
            Ok(())
        });
    }

    #[test]
    fn puts_that_timed_out_leave_nothing_behind() {
        run(async || {
            let queue = Queue::with_maxsize(1);
            let puts: Vec<_> = (0..10).map(|item| spawn_local(queue.put(item).timeout(SHORT))).collect();
            loop_briefly().await;
            let mut put = begin(queue.put(10));
            let mut in_time = 0;
            for put in puts {
                in_time += usize::from(put.await?.is_ok());
            }
            assert_eq!(in_time, 1);
            assert!(!put.is_done());
            assert_eq!(queue.get_nowait(), Ok(0));
            assert!(put.is_done());
            assert_eq!(format!("{queue:?}"), "Queue { maxsize: 1, qsize: 1, getters: 0, putters: 0, tasks: 2 }");
            Ok(())
        });
    }

    #[test]
    fn gets_that_timed_out_leave_nothing_behind() {
        run(async || {
            let queue = Queue::<u32>::new();
            let gets: Vec<_> = (0..10).map(|_| spawn_local(queue.get().timeout(SHORT))).collect();
            loop_briefly().await;
            let get = begin(queue.get());
            for get in gets {
                assert!(get.await?.is_err());
            }
            assert_eq!(format!("{queue:?}"), "Queue { maxsize: 0, qsize: 0, getters: 1, putters: 0, tasks: 0 }");
            queue.put_nowait(0)?;
            assert_eq!(get.done(), 0);
            Ok(())
        });
    }

    #[test]
    fn a_loop_of_gets_is_an_endless_stream() {
        run(async || {
            let queue = Queue::new();
            (0..5).for_each(|item| queue.put_nowait(item).unwrap());
            let mut results = Vec::new();
            while results.last() != Some(&4) {
                results.push(queue.get().await);
            }
            assert_eq!(results, [0, 1, 2, 3, 4]);
            Ok(())
        });
    }

    #[test]
    fn an_item_that_a_dropped_get_never_saw_goes_to_the_next() {
        let queue = Queue::new();
        let (first, second) = (begin(queue.get()), begin(queue.get()));
        queue.put_nowait(0).unwrap();
        drop(first);
        assert_eq!(second.done(), 0);
    }

    #[test]
    fn an_item_that_a_dropped_get_never_saw_is_the_next_again() {
        let queue = Queue::with_maxsize(1);
        let get = begin(queue.get());
        queue.put_nowait(0).unwrap();
        queue.put_nowait(1).unwrap();
        let mut put = begin(queue.put(2));
        drop(get);
        assert_eq!(queue.qsize(), 2);
        assert_eq!(queue.get_nowait(), Ok(0));
        assert!(!put.is_done(), "the queue is still full");
        assert_eq!(queue.get_nowait(), Ok(1));
        assert!(put.is_done());
        assert_eq!(queue.get_nowait(), Ok(2));
    }

    #[test]
    fn an_item_handed_over_cannot_be_taken_by_a_newcomer() {
        let queue = Queue::new();
        let waiting = begin(queue.get());
        queue.put_nowait(0).unwrap();
        assert_eq!(queue.get_nowait(), Err(QueueEmpty));
        assert_eq!(waiting.done(), 0);
    }
}

mod put {
    use super::*;

    #[test]
    fn a_put_with_room_does_not_wait() {
        let queue = Queue::new();
        begin(queue.put(0)).done();
        assert_eq!(queue.get_nowait(), Ok(0));
    }

    #[test]
    fn a_full_queue_is_an_error_of_put_nowait_that_holds_the_item() {
        let queue = Queue::with_maxsize(1);
        queue.put_nowait(0).unwrap();
        let QueueFull(item) = queue.put_nowait(1).unwrap_err();
        assert_eq!(item, 1);
        assert_eq!(QueueFull(item).to_string(), "the queue is full");
    }

    #[test]
    fn gets_that_wait_are_served_in_order() {
        let queue = Queue::new();
        let (first, second) = (begin(queue.get()), begin(queue.get()));
        begin(queue.put(0)).done();
        assert_eq!(first.done(), 0);
        begin(queue.put(1)).done();
        assert_eq!(second.done(), 1);
    }

    #[test]
    fn put_nowait_does_not_run_the_getter_inline() {
        run(async || {
            let queue = Queue::new();
            let seen = Rc::new(Cell::new(None));
            let (consumer, sees) = (queue.clone(), seen.clone());
            spawn_local(async move { sees.set(Some(consumer.get().await)) });
            loop_briefly().await;
            queue.put_nowait(0)?;
            assert_eq!(seen.get(), None);
            loop_briefly().await;
            assert_eq!(seen.get(), Some(0));
            Ok(())
        });
    }

    #[test]
    fn puts_wait_for_room() {
        run(async || {
            let queue = Queue::with_maxsize(1);
            queue.put_nowait(0)?;
            for delay in [SHORT, SHORT * 2] {
                let consumer = queue.clone();
                later(delay, move || assert!(consumer.get_nowait().is_ok()));
            }
            let (mut first, mut second) = (begin(queue.put(1)), begin(queue.put(2)));
            assert!(!first.is_done() && !second.is_done());
            first.finish().await;
            second.finish().await;
            Ok(())
        });
    }

    #[test]
    fn an_item_whose_put_timed_out_is_never_in_the_queue() {
        run(async || {
            let queue = Queue::with_maxsize(1);
            queue.put_nowait(0)?;
            let timed = spawn_local(queue.put(1).timeout(SHORT));
            loop_briefly().await;
            let put = begin(queue.put(2));
            let error = timed.await?.unwrap_err();
            assert_eq!(error.to_string(), "the queue had no room in time");
            assert_eq!(queue.get_nowait(), Ok(0));
            assert_eq!(queue.get().await, 2);
            put.done();
            Ok(())
        });
    }

    #[test]
    fn room_before_the_deadline_counts_however_late_it_is_seen() {
        run(async || {
            let queue = Queue::with_maxsize(1);
            queue.put_nowait(0)?;
            let put = begin(queue.put(1).timeout(SHORT));
            queue.get().await;
            sleep(SHORT * 2).await;
            put.finish().await?;
            assert_eq!(queue.get_nowait(), Ok(1));
            Ok(())
        });
    }

    #[test]
    fn a_deadline_in_the_past_asks_once() {
        run(async || {
            let queue = Queue::with_maxsize(1);
            queue.put(0).timeout(Duration::ZERO).await?;
            assert!(queue.put(1).timeout(Duration::ZERO).await.is_err());
            Ok(())
        });
    }

    #[test]
    fn a_put_passes_over_gets_that_are_gone() {
        let queue = Queue::new();
        let gone: Vec<_> = (0..10).map(|_| begin(queue.get())).collect();
        let get = begin(queue.get());
        drop(gone);
        queue.put_nowait(0).unwrap();
        assert_eq!(get.done(), 0);
    }

    #[test]
    fn a_dropped_put_leaves_its_place_to_the_next() {
        let queue = Queue::with_maxsize(1);
        queue.put_nowait(0).unwrap();
        let first = begin(queue.put(1));
        let second = begin(queue.put(2));
        drop(first);
        assert_eq!(queue.get_nowait(), Ok(0));
        second.done();
        assert_eq!(queue.get_nowait(), Ok(2));
        assert_eq!(queue.get_nowait(), Err(QueueEmpty));
    }

    #[test]
    fn an_item_that_was_let_in_stays_though_its_put_is_dropped() {
        let queue = Queue::with_maxsize(1);
        queue.put_nowait(0).unwrap();
        let put = begin(queue.put(1));
        assert_eq!(queue.get_nowait(), Ok(0));
        drop(put);
        assert_eq!(queue.get_nowait(), Ok(1));
    }

    #[test]
    fn an_item_may_use_the_queue_while_it_is_dropped() {
        struct Returning(Queue<Option<Returning>>);
        impl Drop for Returning {
            fn drop(&mut self) {
                drop(self.0.put_nowait(None));
            }
        }
        let queue = Queue::new();
        queue.put_nowait(Some(Returning(queue.clone()))).unwrap();
        drop(queue.get_nowait());
        assert!(matches!(queue.get_nowait(), Ok(None)));
    }
}

/// What all orders have in common.
mod join {
    use super::*;

    fn for_each_order(
        fifo: impl FnOnce(Queue<u32>),
        priority: impl FnOnce(PriorityQueue<u32>),
        lifo: impl FnOnce(LifoQueue<u32>),
    ) {
        fifo(Queue::new());
        priority(PriorityQueue::new());
        lifo(LifoQueue::new());
    }

    #[test]
    fn task_done_without_a_put_is_an_error() {
        fn check<Order: QueueOrder<Item = u32>>(queue: OrderedQueue<Order>) {
            assert_eq!(queue.task_done(), Err(TaskDoneError));
            assert_eq!(TaskDoneError.to_string(), "task_done() called too many times");
        }
        for_each_order(check, check, check);
    }

    #[test]
    fn join_waits_for_the_work_that_two_workers_share() {
        fn check<Order: QueueOrder<Item = u32> + 'static>(queue: OrderedQueue<Order>) {
            run(async || {
                (0..100).for_each(|item| queue.put_nowait(item).unwrap());
                let sum = Rc::new(Cell::new(0));
                for _ in 0..2 {
                    let (queue, sum) = (queue.clone(), sum.clone());
                    spawn_local(async move {
                        loop {
                            let item = queue.get().await;
                            sum.set(sum.get() + item);
                            queue.task_done().unwrap();
                            yield_now().await;
                        }
                    });
                }
                queue.join().await;
                assert_eq!(sum.get(), (0..100).sum());
                Ok(())
            });
        }
        for_each_order(check, check, check);
    }

    #[test]
    fn task_done_ends_the_join_and_not_get() {
        fn check<Order: QueueOrder<Item = u32>>(queue: OrderedQueue<Order>) {
            queue.put_nowait(0).unwrap();
            let mut join = begin(queue.join());
            assert!(!join.is_done());
            assert_eq!(begin(queue.get()).done(), 0);
            assert!(!join.is_done());
            queue.task_done().unwrap();
            assert!(join.is_done());
        }
        for_each_order(check, check, check);
    }

    #[test]
    fn a_queue_in_which_nothing_was_put_has_been_joined() {
        fn check<Order: QueueOrder<Item = u32>>(queue: OrderedQueue<Order>) {
            begin(queue.join()).done();
            begin(queue.join()).done();
        }
        for_each_order(check, check, check);
    }

    #[test]
    fn a_join_with_unfinished_work_times_out() {
        fn check<Order: QueueOrder<Item = u32>>(queue: OrderedQueue<Order>) {
            run(async || {
                queue.put(0).await;
                let error = queue.join().timeout(SHORT).await.unwrap_err();
                assert_eq!(error.to_string(), "not all items were done in time");
                assert!(queue.join().timeout(Duration::ZERO).await.is_err());
                Ok(())
            });
        }
        for_each_order(check, check, check);
    }

    #[test]
    fn an_item_that_was_put_back_is_still_one_task() {
        let queue = Queue::new();
        let get = begin(queue.get());
        queue.put_nowait(0).unwrap();
        drop(get);
        let mut join = begin(queue.join());
        assert_eq!(queue.get_nowait(), Ok(0));
        queue.task_done().unwrap();
        assert!(join.is_done());
        assert_eq!(queue.task_done(), Err(TaskDoneError));
    }
}

mod orders {
    use super::*;

    #[test]
    fn a_priority_queue_lets_a_waiting_put_in_before_it_chooses() {
        let queue = PriorityQueue::with_maxsize(2);
        queue.put_nowait((1, "a")).unwrap();
        queue.put_nowait((0, "b")).unwrap();
        assert!(queue.full());
        let (_third, _fourth) = (begin(queue.put((3, "c"))), begin(queue.put((2, "d"))));
        assert_eq!(queue.get_nowait(), Ok((0, "b")));
        assert_eq!(begin(queue.get()).done(), (1, "a"));
        assert_eq!(queue.get_nowait(), Ok((2, "d")));
        assert_eq!(begin(queue.get()).done(), (3, "c"));
        assert!(queue.empty());
    }

    #[test]
    fn a_lifo_queue_lets_a_waiting_put_in_before_it_chooses() {
        let queue = LifoQueue::with_maxsize(2);
        queue.put_nowait(1).unwrap();
        queue.put_nowait(0).unwrap();
        assert!(queue.full());
        let (_third, _fourth) = (begin(queue.put(3)), begin(queue.put(2)));
        assert_eq!(queue.get_nowait(), Ok(3));
        assert_eq!(begin(queue.get()).done(), 2);
        assert_eq!(queue.get_nowait(), Ok(0));
        assert_eq!(begin(queue.get()).done(), 1);
        assert!(queue.empty());
    }
}

mod producer_and_consumer {
    use super::*;

    #[test]
    fn what_is_produced_is_consumed_in_order() {
        run(async || {
            let queue = Queue::with_maxsize(3);
            let history = Rc::new(RefCell::new(Vec::new()));
            let (consumer, records) = (queue.clone(), history.clone());
            spawn_local(async move {
                loop {
                    let item = consumer.get().await;
                    records.borrow_mut().push(item);
                    consumer.task_done().unwrap();
                }
            });
            for item in 0..10 {
                queue.put(item).await;
            }
            queue.join().await;
            assert_eq!(*history.borrow(), (0..10).collect::<Vec<_>>());
            Ok(())
        });
    }
}
