package io.tailrace.benchmarks.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tailrace.client.Admin;
import io.tailrace.client.BrokerDescription;
import io.tailrace.client.Consumer;
import io.tailrace.client.PartitionDescription;
import io.tailrace.client.Producer;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicPartition;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three real brokers that are killed together, lose their power or their disks, and come back in
 * different orders. Needs root for the disks; skipped, and said so, without.
 */
class PowerCutTest {
  private static final int BROKERS = 3;
  private static final int PARTITIONS = 3;
  private static final int RECORDS = 300;

  /** Syncs before it acknowledges. */
  private static final String SYNCED = "synced";

  /** Leaves syncing to Linux. */
  private static final String PLAIN = "plain";

  @TempDir Path directory;

  /** By topic and partition, what was acknowledged, in the order of offsets. */
  private final Map<TopicPartition, Map<Long, String>> acknowledged = new HashMap<>();

  private LoopDisks disks;
  private TestedCluster cluster;
  private int sent;

  @Test
  void brokersComeBackFromKillsPowerCutsAndLostDisks() {
    String problem = LoopDisks.problem(directory);
    if (problem != null) {
      System.out.println("PowerCutTest is skipped, since disks cannot be made here: " + problem);
    }
    assumeTrue(problem == null, problem);
    Path root = Path.of("..").toAbsolutePath().normalize();
    List<String> settings = List.of("disk.free.floor.bytes=1048576");
    try (LoopDisks machines = new LoopDisks(directory);
        TestedCluster brokers = new TestedCluster(machines, BROKERS, root, directory, settings)) {
      disks = machines;
      cluster = brokers;
      all().forEach(disks::insertEmpty);
      cluster.start();
      with(PowerCutTest::createTopics);
      awaitInSync();

      produce();
      killAll();
      start(2, 0, 1);
      nothingIsLost(SYNCED, PLAIN);

      produce();
      all().forEach(id -> cluster.broker(id).pause());
      disks.copy(1);
      killAll();
      disks.bootFromCopy(1);
      aloneItLeadsNothing(1);
      cluster.broker(1).kill();
      aloneItLeadsNothing(1); // the second start does not hide what the first one found
      start(2, 0);
      nothingIsLost(SYNCED, PLAIN);

      produce();
      killAll();
      disks.insertEmpty(2);
      startOnNewDirectory(2);
      nothingHasALeader("what was on the lost disk may be on others", 2);
      start(1, 0);
      nothingIsLost(SYNCED, PLAIN);

      produce();
      all().forEach(id -> cluster.broker(id).pause());
      all().forEach(disks::copy);
      killAll();
      all().forEach(disks::bootFromCopy);
      start(1, 2);
      nothingHasALeader("all are awaited", 1, 2);
      start(0);
      nothingIsLost(SYNCED);
    }
  }

  private static IntStream all() {
    return IntStream.range(0, BROKERS);
  }

  private interface Work {
    void with(Admin admin);
  }

  private void with(Work work) {
    try (TailraceClient client = TailraceClient.connect(cluster.bootstrap())) {
      work.with(client.admin());
    }
  }

  private static void createTopics(Admin admin) {
    Topic topic = Topic.named(PLAIN).partitions(PARTITIONS).config("segment.bytes", "8388608");
    Patience.create(admin, topic);
    Patience.create(
        admin,
        Topic.named(SYNCED)
            .partitions(PARTITIONS)
            .config("segment.bytes", "8388608")
            .config("flush", "ack"));
  }

  private void killAll() {
    all().forEach(id -> cluster.broker(id).kill());
  }

  private void start(int... order) {
    for (int id : order) {
      cluster.broker(id).start();
    }
    for (int id : order) {
      cluster.broker(id).awaitServing();
    }
  }

  private void aloneItLeadsNothing(int broker) {
    start(broker);
    nothingHasALeader("it may lack some", broker);
  }

  /** Holds once the sessions of all brokers that were killed have expired. */
  private void nothingHasALeader(String why, int... alive) {
    with(
        admin ->
            Patience.await(
                "nothing to be led: " + why,
                () ->
                    alive(admin).equals(IntStream.of(alive).boxed().collect(Collectors.toSet()))
                        && leaders(admin, each -> each.leader().isEmpty())));
  }

  private static Set<Integer> alive(Admin admin) {
    try {
      return admin.describeCluster().join().brokers().stream()
          .map(BrokerDescription::id)
          .collect(Collectors.toSet());
    } catch (CompletionException e) {
      return Set.of();
    }
  }

  /** Starts again as long as the session of the broker on the old directory has not expired. */
  private void startOnNewDirectory(int broker) {
    Patience.await(
        "the old session to expire",
        () -> {
          cluster.broker(broker).start();
          try {
            cluster.broker(broker).awaitServing();
            return true;
          } catch (IllegalStateException refused) {
            return false;
          }
        });
  }

  private static boolean leaders(Admin admin, Predicate<PartitionDescription> holds) {
    try {
      return List.of(PLAIN, SYNCED).stream()
          .flatMap(topic -> admin.describeTopic(topic).join().partitions().stream())
          .allMatch(holds);
    } catch (CompletionException e) {
      return false;
    }
  }

  private void awaitInSync() {
    with(
        admin ->
            Patience.await(
                "all replicas to be in sync",
                () ->
                    leaders(
                        admin,
                        each ->
                            each.leader().isPresent() && each.inSyncReplicas().size() == BROKERS)));
  }

  private void produce() {
    try (TailraceClient client = TailraceClient.connect(cluster.bootstrap());
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      for (String topic : List.of(PLAIN, SYNCED)) {
        List<CompletableFuture<RecordMetadata>> answers = new ArrayList<>();
        int first = sent;
        for (int i = 0; i < RECORDS; i++, sent++) {
          answers.add(producer.send(topic, "key-" + sent, "value-" + sent));
        }
        for (int i = 0; i < RECORDS; i++) {
          RecordMetadata at = answers.get(i).join();
          acknowledged
              .computeIfAbsent(new TopicPartition(topic, at.partition()), each -> new HashMap<>())
              .put(at.offset(), "value-" + (first + i));
        }
      }
    }
  }

  /** All that was acknowledged is there, on all replicas in the end. */
  private void nothingIsLost(String... topics) {
    awaitInSync();
    for (String topic : topics) {
      for (int id = 0; id < PARTITIONS; id++) {
        TopicPartition partition = new TopicPartition(topic, id);
        assertEquals(acknowledged.get(partition), read(partition), partition::toString);
      }
    }
  }

  private Map<Long, String> read(TopicPartition partition) {
    Map<Long, String> found = new HashMap<>();
    int expected = acknowledged.get(partition).size();
    try (TailraceClient client = TailraceClient.connect(cluster.bootstrap());
        Consumer<String, String> consumer =
            client.consumer(Serdes.string(), Serdes.string()).build()) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(partition);
      Patience.tryAwait(
          () -> {
            consumer
                .poll(Duration.ofMillis(100))
                .forEach(record -> found.put(record.offset(), record.value()));
            return found.size() >= expected;
          });
    }
    return found;
  }
}
