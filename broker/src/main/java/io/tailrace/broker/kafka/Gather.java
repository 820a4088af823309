package io.tailrace.broker.kafka;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Waits for the answers of several calls. Stateless. */
final class Gather {
  private Gather() {}

  /**
   * Makes a call for each question.
   *
   * @param ask makes one call; its consumer may be called on any thread, and counts once
   * @param done gets the answers in the order of the questions, once
   */
  static <Q, A> void all(
      List<Q> questions, BiConsumer<Q, Consumer<A>> ask, Consumer<List<A>> done) {
    if (questions.isEmpty()) {
      done.accept(List.of());
      return;
    }
    AtomicReferenceArray<A> answers = new AtomicReferenceArray<>(questions.size());
    AtomicInteger pending = new AtomicInteger(questions.size());
    for (int i = 0; i < questions.size(); i++) {
      int each = i;
      ask.accept(
          questions.get(i),
          answer -> {
            if (answers.compareAndSet(each, null, answer) && pending.decrementAndGet() == 0) {
              List<A> all = new ArrayList<>(answers.length());
              for (int at = 0; at < answers.length(); at++) {
                all.add(answers.get(at));
              }
              done.accept(all);
            }
          });
    }
  }
}
