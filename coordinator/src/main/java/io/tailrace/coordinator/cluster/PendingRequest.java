package io.tailrace.coordinator.cluster;

import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import java.util.concurrent.CompletableFuture;

/** A request that waits for a goal. Confined to the thread of its {@link ClusterMember}. */
final class PendingRequest<T> {
  private final Goal<T> goal;
  private final CompletableFuture<T> answer;
  private Scheduler.Cancellable timeout = () -> {};
  private boolean begun;
  private int writes;

  PendingRequest(Goal<T> goal, CompletableFuture<T> answer) {
    this.goal = goal;
    this.answer = answer;
  }

  /** Gives up at a time; an answer before cancels that. */
  void timeoutBy(Scheduler.Cancellable scheduled) {
    timeout = scheduled;
  }

  Goal.Step<T> next(ClusterState state) {
    return goal.next(state);
  }

  /** A write for it happened for certain. */
  void onWritten() {
    begun = true;
    writes++;
    goal.onWritten();
  }

  /** How many writes for it happened for certain. */
  int writes() {
    return writes;
  }

  /** A write for it may have happened. */
  void onPerhapsWritten() {
    begun = true;
  }

  /** Whether a part of it happened, or may have. */
  boolean begun() {
    return begun;
  }

  /** Answers it if the step is its last; says whether it was. */
  @SuppressWarnings("unchecked")
  boolean finish(Goal.Step<?> step) {
    if (step instanceof Goal.Done<?> done) {
      complete((T) done.result());
      return true;
    }
    if (step instanceof Goal.Refused<?> refused) {
      fail(refused.code(), refused.message());
      return true;
    }
    return false;
  }

  void complete(T value) {
    timeout.cancel();
    answer.complete(value);
  }

  void fail(ErrorCode code, String message) {
    timeout.cancel();
    answer.completeExceptionally(new ClusterException(code, message));
  }
}
