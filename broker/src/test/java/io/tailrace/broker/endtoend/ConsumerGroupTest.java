package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerBuilder;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.RebalanceListener;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicPartition;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.GroupHeartbeatRequest;
import io.tailrace.protocol.message.GroupHeartbeatResponse;
import io.tailrace.protocol.message.GroupMemberInfo;
import io.tailrace.protocol.message.GroupPartitions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

class ConsumerGroupTest {
  private static final long AWAIT_NANOS = 30_000_000_000L;
  private static final Duration POLL = Duration.ofMillis(20);

  @TempDir private static Path directory;

  private static TestCluster cluster;

  private final List<AutoCloseable> open = new ArrayList<>();
  private String topic;
  private String group;
  private TailraceClient client;
  private Producer<String, String> producer;

  @BeforeAll
  static void start() {
    cluster = TestCluster.start(directory);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @BeforeEach
  void prepare(TestInfo test) {
    topic = test.getTestMethod().orElseThrow().getName();
    group = "g-" + topic;
    client = keep(cluster.client());
    TestTopics.create(client, Topic.named(topic).partitions(4));
    producer = client.producer(Serdes.string(), Serdes.string());
  }

  @AfterEach
  void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }

  private <C extends AutoCloseable> C keep(C resource) {
    open.add(resource);
    return resource;
  }

  private ConsumerBuilder<String, String> member(TailraceClient of) {
    return of.consumer(Serdes.string(), Serdes.string()).group(group).subscribe(topic);
  }

  private void produce(int from, int to) {
    for (int i = from; i < to; i++) {
      producer.send(Message.<String, String>of("v" + i).partition(i % 4).to(topic)).join();
    }
  }

  /** Polls the consumers in turn until the condition holds. */
  @SafeVarargs
  private static Set<String> pollUntil(
      BooleanSupplier done, Collection<String> values, Consumer<String, String>... consumers) {
    long deadline = System.nanoTime() + AWAIT_NANOS;
    while (!done.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, "still waiting; so far " + values);
      for (Consumer<String, String> consumer : consumers) {
        for (ConsumerRecord<String, String> record : consumer.poll(POLL)) {
          values.add(record.value());
        }
      }
    }
    return new HashSet<>(values);
  }

  private static Set<String> values(int from, int to) {
    Set<String> values = new HashSet<>();
    for (int i = from; i < to; i++) {
      values.add("v" + i);
    }
    return values;
  }

  @Test
  void partitionsOfAMemberThatDiedMoveAndNothingIsSkipped() throws Exception {
    produce(0, 40);
    Consumer<String, String> stays = keep(member(client).manualCommit().build());
    List<String> values = new ArrayList<>();
    pollUntil(() -> stays.assignment().size() == 4, values, stays);
    RawMember dies = keep(new RawMember(group, topic));
    pollUntil(() -> dies.heartbeat() == 2 && stays.assignment().size() == 2, values, stays);
    produce(40, 60);
    pollUntil(() -> values.containsAll(valuesOf(stays.assignment(), 0, 60)), values, stays);

    long diedAt = System.nanoTime();
    dies.close();
    pollUntil(() -> stays.assignment().size() == 4, values, stays);
    long movedMs = (System.nanoTime() - diedAt) / 1_000_000;
    pollUntil(() -> values.containsAll(values(0, 60)), values, stays);

    assertTrue(movedMs < 5_000, movedMs + " ms: it was the closed connection, not the session");
  }

  private static Set<String> valuesOf(Set<TopicPartition> partitions, int from, int to) {
    Set<String> values = new HashSet<>();
    for (int i = from; i < to; i++) {
      for (TopicPartition partition : partitions) {
        if (partition.partition() == i % 4) {
          values.add("v" + i);
        }
      }
    }
    return values;
  }

  /** A member that only sends heartbeats, and dies when its connection is closed. */
  private static final class RawMember implements AutoCloseable {
    private final RawClient connection;
    private final String group;
    private final GroupMemberInfo info;
    private int epoch;
    private long sequence;
    private List<GroupPartitions> assigned = List.of();

    RawMember(String group, String topic) throws IOException {
      this.connection = new RawClient(cluster.broker().address()).greet();
      this.group = group;
      this.info =
          GroupMemberInfo.newBuilder()
              .addTopics(topic)
              .setSessionTimeoutMs(20_000)
              .setRebalanceTimeoutMs(60_000)
              .build();
    }

    /** Sends one, and returns how many partitions it has now. */
    int heartbeat() {
      try {
        GroupHeartbeatRequest.Builder request =
            GroupHeartbeatRequest.newBuilder()
                .setGroupId(group)
                .setMemberId("raw")
                .setSequence(++sequence)
                .setMemberEpoch(epoch)
                .setInfo(info)
                .addAllOwned(assigned);
        connection.send(connection.request(ApiKey.GROUP_HEARTBEAT, request.build(), new byte[0]));
        ResponseFrame response = connection.receive();
        GroupHeartbeatResponse body = response.body(GroupHeartbeatResponse.parser());
        response.release();
        assertEquals(0, body.getErrorCode(), body.getErrorMessage());
        epoch = body.getMemberEpoch();
        assigned = body.getAssignedList();
        return assigned.stream().mapToInt(GroupPartitions::getPartitionsCount).sum();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() throws IOException {
      connection.close();
    }
  }

  @Test
  void offsetsResumeAfterARestartOfTheBroker() {
    produce(0, 20);
    List<String> first = new ArrayList<>();
    try (Consumer<String, String> consumer = member(client).manualCommit().build()) {
      pollUntil(() -> first.size() == 20, first, consumer);
      consumer.commit();
    }

    cluster.restart();

    TailraceClient again = keep(cluster.client());
    Producer<String, String> later = again.producer(Serdes.string(), Serdes.string());
    for (int i = 20; i < 24; i++) {
      later.send(Message.<String, String>of("v" + i).partition(i % 4).to(topic)).join();
    }
    List<String> second = new ArrayList<>();
    Consumer<String, String> consumer = keep(member(again).build());
    pollUntil(() -> second.containsAll(values(20, 24)), second, consumer);
    assertEquals(values(20, 24), new HashSet<>(second));
  }

  @Test
  void onlyPartitionsThatMoveStop() {
    Map<String, List<String>> events = new HashMap<>();
    Consumer<String, String> first =
        keep(member(client).onRebalance(new Noting("first", events)).build());
    pollUntil(() -> first.assignment().size() == 4, new ArrayList<>(), first);
    Consumer<String, String> second =
        keep(member(client).onRebalance(new Noting("second", events)).build());
    pollUntil(
        () -> first.assignment().size() == 2 && second.assignment().size() == 2,
        new ArrayList<>(),
        first,
        second);

    assertEquals(2, events.get("first").size(), events.toString());
    assertEquals("revoked " + second.assignment(), events.get("first").get(1));
    assertEquals(List.of("assigned " + second.assignment()), events.get("second"));
  }

  private record Noting(String name, Map<String, List<String>> events)
      implements RebalanceListener {
    @Override
    public void onAssigned(Collection<TopicPartition> partitions) {
      note("assigned ", partitions);
    }

    @Override
    public void onRevoked(Collection<TopicPartition> partitions) {
      note("revoked ", partitions);
    }

    @Override
    public void onLost(Collection<TopicPartition> partitions) {
      note("lost ", partitions);
    }

    private void note(String what, Collection<TopicPartition> partitions) {
      events.computeIfAbsent(name, each -> new ArrayList<>()).add(what + new TreeSet<>(partitions));
    }
  }

  @Test
  void aMemberThatIsNotPolledLosesItsPartitionsAndMayNotCommitThem() {
    produce(0, 8);
    Map<String, List<String>> events = new HashMap<>();
    Consumer<String, String> stuck =
        keep(
            member(client)
                .manualCommit()
                .sessionTimeout(Duration.ofMillis(600))
                .maxPollInterval(Duration.ofMillis(500))
                .onRebalance(new Noting("stuck", events))
                .build());
    List<String> values = new ArrayList<>();
    pollUntil(() -> values.size() == 8, values, stuck);

    Consumer<String, String> other = keep(member(client).manualCommit().build());
    List<String> again = new ArrayList<>();
    pollUntil(() -> other.assignment().size() == 4, again, other); // nobody polls the first
    pollUntil(() -> again.size() == 8, again, other);
    other.commit();
    TailraceException refused = assertThrows(TailraceException.class, stuck::commit);
    assertEquals(ErrorCode.UNKNOWN_MEMBER, refused.code());

    pollUntil(
        () -> stuck.assignment().size() == 2 && other.assignment().size() == 2,
        again,
        stuck,
        other);
    assertTrue(events.get("stuck").get(1).startsWith("lost "), events.toString());
    assertEquals(8, again.size(), "it goes on where the other one has committed");
  }

  @Test
  void aStaticMemberThatRestartsKeepsItsPartitionsAndNoOthersMove() {
    Map<String, List<String>> events = new HashMap<>();
    Consumer<String, String> stays =
        keep(member(client).onRebalance(new Noting("stays", events)).build());
    TailraceClient process = keep(cluster.client());
    Consumer<String, String> before = member(process).instanceId("one").build();
    pollUntil(
        () -> stays.assignment().size() == 2 && before.assignment().size() == 2,
        new ArrayList<>(),
        stays,
        before);
    Set<TopicPartition> its = before.assignment();
    int told = events.get("stays").size();
    before.close();

    Consumer<String, String> after = keep(member(keep(cluster.client())).instanceId("one").build());
    pollUntil(() -> !after.assignment().isEmpty(), new ArrayList<>(), after, stays);
    assertEquals(its, after.assignment());
    assertEquals(told, events.get("stays").size(), events.toString());
  }

  @Test
  void aTopicThatIsMadeAgainInheritsNoOffsets() {
    produce(0, 8);
    List<String> first = new ArrayList<>();
    try (Consumer<String, String> consumer = member(client).manualCommit().build()) {
      pollUntil(() -> first.size() == 8, first, consumer);
      consumer.commit();
    }
    client.admin().deleteTopic(topic).join();
    TestTopics.create(client, Topic.named(topic).partitions(4));
    produce(100, 104);
    List<String> second = new ArrayList<>();
    Consumer<String, String> consumer = keep(member(client).build());
    pollUntil(() -> second.size() == 4, second, consumer);
    assertEquals(values(100, 104), new HashSet<>(second));
  }

  @Test
  void autoCommitCoversOnlyWhatEarlierPollsReturned() {
    produce(0, 4);
    List<String> values = new ArrayList<>();
    try (Consumer<String, String> consumer =
        member(client).autoCommit(Duration.ofMillis(1)).maxPollRecords(2).build()) {
      pollUntil(() -> values.size() == 4, values, consumer); // ends with a poll that returned some
    }
    List<String> again = new ArrayList<>();
    Consumer<String, String> next = keep(member(client).build());
    pollUntil(() -> !again.isEmpty(), again, next);
    assertTrue(again.size() <= 2, "what the last poll returned may not be dealt with: " + again);
    assertTrue(values.containsAll(again), again.toString());
  }

  @Test
  void membersGoOnAfterTheirCoordinatorRestarted() {
    produce(0, 8);
    Map<String, List<String>> events = new HashMap<>();
    Consumer<String, String> first =
        keep(member(client).manualCommit().onRebalance(new Noting("first", events)).build());
    Consumer<String, String> second =
        keep(member(client).manualCommit().onRebalance(new Noting("second", events)).build());
    List<String> values = new ArrayList<>();
    pollUntil(
        () -> first.assignment().size() == 2 && second.assignment().size() == 2,
        values,
        first,
        second);
    pollUntil(() -> values.containsAll(values(0, 8)), values, first, second);
    first.commit();
    second.commit();
    String before = events.toString();

    cluster.restartInPlace();

    produce(8, 16);
    pollUntil(() -> values.containsAll(values(0, 16)), values, first, second);
    first.commit();
    second.commit();
    assertEquals(before, events.toString(), "each kept its partitions");
    assertEquals(
        Map.of(
            new TopicPartition(topic, 0), 4L,
            new TopicPartition(topic, 1), 4L,
            new TopicPartition(topic, 2), 4L,
            new TopicPartition(topic, 3), 4L),
        client.admin().groupOffsets(group).join());
  }

  @Test
  void closingCommitsNothingOlderThanTheCallerDid() {
    produce(0, 8);
    List<String> values = new ArrayList<>();
    try (Consumer<String, String> consumer = member(client).build()) {
      pollUntil(() -> values.size() == 8, values, consumer);
      consumer.commit(); // also what the last poll returned, which closing would leave out
    }
    assertEquals(
        8,
        client.admin().groupOffsets(group).join().values().stream().mapToLong(each -> each).sum());
  }

  @Test
  void aConsumerThatRequiresCommittedOffsetsStartsNowhereElse() {
    produce(0, 4);
    TopicPartition partition = new TopicPartition(topic, 0);
    Consumer<String, String> consumer =
        keep(
            client
                .consumer(Serdes.string(), Serdes.string())
                .group(group)
                .requireCommitted()
                .assign(partition)
                .build());
    List<String> values = new ArrayList<>();
    TailraceException missing =
        assertThrows(TailraceException.class, () -> pollUntil(() -> false, values, consumer));
    assertEquals(ErrorCode.NO_OFFSET, missing.code());
    consumer.seekToBeginning();
    pollUntil(() -> values.equals(List.of("v0")), values, consumer);
  }

  @Test
  void aPatternTakesInTopicsThatAreMadeLater() {
    Consumer<String, String> consumer =
        keep(
            client
                .consumer(Serdes.string(), Serdes.string())
                .group(group)
                .subscribePattern(topic + "(-\\d+)?")
                .build());
    List<String> values = new ArrayList<>();
    pollUntil(() -> consumer.assignment().size() == 4, values, consumer);
    TestTopics.create(client, Topic.named(topic + "-2").partitions(3));
    TestTopics.create(client, Topic.named(topic + "-no").partitions(3));
    pollUntil(() -> consumer.assignment().size() == 7, values, consumer);
    producer.send(Message.<String, String>of("late").partition(2).to(topic + "-2")).join();
    pollUntil(() -> values.contains("late"), values, consumer);

    Consumer<String, String> wrong =
        keep(
            client
                .consumer(Serdes.string(), Serdes.string())
                .group(group + "-wrong")
                .subscribePattern("(")
                .build());
    TailraceException refused =
        assertThrows(
            TailraceException.class, () -> pollUntil(() -> false, new ArrayList<>(), wrong));
    assertEquals(ErrorCode.INVALID_REQUEST, refused.code());
  }

  @Test
  void anAssignedConsumerCommitsWhileTheGroupHasNoMembers() {
    produce(0, 8);
    TopicPartition partition = new TopicPartition(topic, 1);
    List<String> values = new ArrayList<>();
    try (Consumer<String, String> consumer =
        client.consumer(Serdes.string(), Serdes.string()).group(group).assign(partition).build()) {
      pollUntil(() -> values.size() == 2, values, consumer);
      consumer.commit();
      assertEquals(Map.of(partition, 2L), consumer.committed(List.of(partition)));
    }
    Consumer<String, String> member = keep(member(client).build());
    pollUntil(() -> member.assignment().size() == 4, new ArrayList<>(), member);
    assertEquals(2, member.position(partition));
    Consumer<String, String> outsider =
        keep(
            client
                .consumer(Serdes.string(), Serdes.string())
                .group(group)
                .assign(partition)
                .build());
    outsider.seek(partition, 1);
    TailraceException refused =
        assertThrows(
            TailraceException.class, outsider::commit, "members alone commit while there are any");
    assertEquals(ErrorCode.GROUP_NOT_EMPTY, refused.code());
  }

  @Test
  void theTopicOfTheOffsetsIsNotWrittenOrDeletedByClients() {
    Consumer<String, String> member = keep(member(client).build());
    pollUntil(() -> member.assignment().size() == 4, new ArrayList<>(), member);
    TailraceException written =
        assertThrows(
            TailraceException.class,
            () -> {
              try {
                producer
                    .send(Message.<String, String>of("x").partition(0).to("__consumer_offsets"))
                    .join();
              } catch (CompletionException e) {
                throw TailraceException.of(e);
              }
            });
    assertEquals(ErrorCode.INTERNAL_TOPIC, written.code());
    TailraceException deleted =
        assertThrows(
            TailraceException.class,
            () -> {
              try {
                client.admin().deleteTopic("__consumer_offsets").join();
              } catch (CompletionException e) {
                throw TailraceException.of(e);
              }
            });
    assertEquals(ErrorCode.INTERNAL_TOPIC, deleted.code());
  }
}
