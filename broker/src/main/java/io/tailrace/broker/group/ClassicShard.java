package io.tailrace.broker.group;

import com.google.protobuf.ByteString;
import io.tailrace.coordinator.group.ClassicAnswer;
import io.tailrace.coordinator.group.ClassicCoordinator;
import io.tailrace.coordinator.group.ClassicError;
import io.tailrace.coordinator.group.ClassicJoin;
import io.tailrace.coordinator.group.ClassicReply;
import io.tailrace.coordinator.group.ClassicRequest;
import io.tailrace.coordinator.group.Decision;
import io.tailrace.coordinator.group.GroupError;
import io.tailrace.coordinator.group.GroupRecord;
import io.tailrace.coordinator.group.GroupsState;
import io.tailrace.coordinator.group.Now;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The groups of one partition of {@code __consumer_offsets} whose members use Kafka's classic
 * protocol: hands requests to the state machine and its answers, once they are committed, to those
 * that wait. Confined to the partition's scheduler.
 */
final class ClassicShard {
  private final GroupShard shard;
  private final Supplier<Now> now;
  private final ClassicCoordinator<Consumer<Answer<ClassicAnswer>>> coordinator;
  private boolean loaded;

  ClassicShard(GroupShard shard, GroupsState state, Supplier<Now> now) {
    this.shard = shard;
    this.now = now;
    this.coordinator = new ClassicCoordinator<>(state);
  }

  /** This broker can hear members from now on. */
  void onLeading() {
    onResigned();
    loaded = false;
  }

  void onResigned() {
    fail(coordinator.onResigned(), lost());
  }

  /** This process stood still for a while. */
  void onStalled(long ms) {
    coordinator.onStalled(ms);
  }

  /** The state machine, once all records of earlier decisions are replayed. */
  private ClassicCoordinator<Consumer<Answer<ClassicAnswer>>> loaded() {
    if (!loaded) {
      loaded = true;
      coordinator.onLeading(now.get());
    }
    return coordinator;
  }

  private GroupError lost() {
    return new GroupError(
        ErrorCode.NOT_COORDINATOR,
        "this broker does not lead " + shard.partition() + " (any more)");
  }

  private static void fail(List<Consumer<Answer<ClassicAnswer>>> waiters, GroupError error) {
    waiters.forEach(waiter -> waiter.accept(Answer.failed(error)));
  }

  /** Whether members of the classic protocol keep others out. */
  boolean hasMembers(String group) {
    return loaded().hasMembers(group);
  }

  void join(ClassicJoin join, Consumer<Answer<ClassicAnswer>> waiter) {
    decide(join.group(), waiter, () -> loaded().join(join, waiter, now.get()));
  }

  void sync(
      ClassicRequest request,
      String protocolType,
      String protocol,
      Map<String, ByteString> assignments,
      Consumer<Answer<ClassicAnswer>> waiter) {
    decide(
        request.group(),
        waiter,
        () -> loaded().sync(request, protocolType, protocol, assignments, waiter, now.get()));
  }

  void heartbeat(ClassicRequest request, Consumer<Answer<ClassicAnswer>> waiter) {
    decide(request.group(), waiter, () -> loaded().heartbeat(request, waiter, now.get()));
  }

  void leave(
      String group, List<ClassicRequest> members, Consumer<Answer<List<ClassicError>>> reply) {
    List<ClassicError> outcomes = new ArrayList<>();
    decide(
        group,
        answer -> reply.accept(Answer.failed(answer.error())),
        () -> loaded().leave(group, members, outcomes, now.get()),
        () -> reply.accept(Answer.of(outcomes)));
  }

  /** A waiting request's connection has ended. */
  void forget(String group, Consumer<Answer<ClassicAnswer>> waiter) {
    coordinator.forget(group, waiter, now.get());
  }

  ClassicError checkCommit(ClassicRequest request) {
    return loaded().checkCommit(request, now.get());
  }

  ClassicCoordinator.Description describe(String group) {
    return loaded().describe(group, now.get());
  }

  private void decide(
      String group,
      Consumer<Answer<ClassicAnswer>> own,
      Supplier<Decision<List<ClassicReply<Consumer<Answer<ClassicAnswer>>>>>> request) {
    decide(group, own, request, () -> {});
  }

  /**
   * Decides about a request.
   *
   * @param own the pending request, which is failed on an error
   * @param done runs when the decision is committed, behind the replies
   */
  private void decide(
      String group,
      Consumer<Answer<ClassicAnswer>> own,
      Supplier<Decision<List<ClassicReply<Consumer<Answer<ClassicAnswer>>>>>> request,
      Runnable done) {
    List<ClassicReply<Consumer<Answer<ClassicAnswer>>>> replies = new ArrayList<>();
    boolean[] decided = {false};
    shard.decide(
        () -> {
          Decision<List<ClassicReply<Consumer<Answer<ClassicAnswer>>>>> decision = request.get();
          replies.addAll(decision.response());
          decided[0] = true;
          return decision;
        },
        answer -> {
          if (answer.error() == null) {
            replies.forEach(reply -> reply.waiter().accept(Answer.of(reply.answer())));
            done.run();
            return;
          }
          replies.forEach(reply -> reply.waiter().accept(Answer.failed(answer.error())));
          if (decided[0]) { // what is known without the log is ahead of it
            fail(coordinator.abandon(group, now.get()), answer.error());
          }
          own.accept(Answer.failed(answer.error()));
        });
  }

  /** The changes that time brings; the replies to them are given by {@link #onTicked}. */
  Decision<List<ClassicReply<Consumer<Answer<ClassicAnswer>>>>> onTick() {
    return loaded().onTick(now.get());
  }

  /** The changes of a tick are committed, or failed. */
  void onTicked(
      Decision<List<ClassicReply<Consumer<Answer<ClassicAnswer>>>>> tick, GroupError error) {
    for (ClassicReply<Consumer<Answer<ClassicAnswer>>> reply : tick.response()) {
      reply.waiter().accept(error == null ? Answer.of(reply.answer()) : Answer.failed(error));
    }
    if (error != null) {
      for (GroupRecord record : tick.records()) {
        fail(coordinator.abandon(record.group(), now.get()), error);
      }
    }
  }

  /** Whether a tick can change nothing. */
  boolean isIdle() {
    return coordinator.isIdle();
  }
}
