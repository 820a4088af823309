package io.tailrace.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tailrace.client.fake.FakeCluster;
import io.tailrace.client.fake.Fault.Action;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Commits on a cluster that misbehaves: one at a time, and none behind a newer one. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class CommitTest {
  private static final TopicPartition A0 = new TopicPartition("a", 0);

  private FakeCluster cluster;
  private TailraceClient client;
  private Consumer<String, String> consumer;

  @BeforeEach
  void start() {
    cluster = FakeCluster.start(1).topic("a", 1);
    client =
        TailraceClient.builder()
            .bootstrap(cluster.bootstrap())
            .requestTimeout(Duration.ofSeconds(2))
            .connect();
    consumer =
        client
            .consumer(Serdes.string(), Serdes.string())
            .group("g")
            .assign(A0)
            .manualCommit()
            .build();
  }

  @AfterEach
  void stop() {
    client.close(Duration.ofSeconds(5));
    cluster.close();
  }

  private void onFirstCommit(Action action) {
    cluster.setFault(
        (broker, api, nth) -> api == ApiKey.COMMIT_OFFSETS && nth == 0 ? action : Action.PASS);
  }

  private CompletableFuture<Void> commit(long offset) {
    return consumer.commitAsync(Map.of(A0, offset));
  }

  @Test
  void commitsThatWaitForAnotherBecomeOneWithTheNewestOffset() {
    AtomicBoolean underWay = new AtomicBoolean();
    cluster.setFault(
        (broker, api, nth) -> {
          if (api != ApiKey.COMMIT_OFFSETS || underWay.getAndSet(true)) {
            return Action.PASS;
          }
          return Action.delay(500);
        });
    CompletableFuture<Void> first = commit(1);
    Eventually.await("the first commit", underWay::get);
    List<CompletableFuture<Void>> all = List.of(first, commit(2), commit(3));
    all.forEach(CompletableFuture::join);
    assertEquals(List.of("0@1", "0@3"), cluster.commits());
  }

  @Test
  void aCommitWhoseOutcomeIsUnknownIsNotRepeatedBehindANewerOne() {
    onFirstCommit(Action.DO_AND_IGNORE);
    CompletableFuture<Void> first = commit(1);
    Eventually.await("the first commit", () -> cluster.commits().size() == 1);
    CompletableFuture<Void> second = commit(2);
    cluster.broker(0).dropConnections();
    first.join();
    second.join();
    assertEquals(List.of("0@1", "0@2"), cluster.commits());
  }

  @Test
  void aCommitOfAnOlderOffsetCountsWhenItIsTheNewest() {
    commit(5).join();
    commit(3).join(); // as after a seek
    assertEquals(List.of("0@5", "0@3"), cluster.commits());
  }

  @Test
  void aCommitThatIsRefusedSaysSo() {
    onFirstCommit(Action.refuse(ErrorCode.INVALID_REQUEST));
    TailraceException refused =
        assertThrows(
            TailraceException.class,
            () -> {
              consumer.seek(A0, 7);
              consumer.commit();
            });
    assertEquals(ErrorCode.INVALID_REQUEST, refused.code());
    consumer.commit(); // it is tried again, since it is not committed
    assertEquals(List.of("0@7"), cluster.commits());
  }

  @Test
  void aCommitThatNobodyTakesFailsInTime() {
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.COMMIT_OFFSETS
                ? Action.refuse(ErrorCode.COORDINATOR_LOADING)
                : Action.PASS);
    TailraceException late =
        assertThrows(
            TailraceException.class,
            () -> {
              consumer.seek(A0, 7);
              consumer.commit();
            });
    assertEquals(ErrorCode.REQUEST_TIMED_OUT, late.code());
  }
}
