package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.history.HistoryFile;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicPartition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The clients that use the cluster while it suffers: producers with different patience, consumers,
 * members of a group, and those that ask for the ends of the partitions and for the commits. Each
 * has a connection of its own. Confined to one thread.
 */
final class Load implements AutoCloseable {

  /**
   * What the load looks like.
   *
   * @param topic with its partitions
   * @param recordsPerSecond of each producer
   * @param refused one record of so many is larger than the topic allows; 0 = none
   * @param patience how long each producer tries to deliver a record
   * @param stays how long each member of the consumer group stays before it leaves and joins again;
   *     no group without members
   */
  record Shape(
      String topic,
      int partitions,
      int recordsPerSecond,
      int refused,
      List<Duration> patience,
      List<Duration> stays) {

    /** The topic. */
    Topic toCreate() {
      return Topic.named(topic)
          .partitions(partitions)
          .config("segment.bytes", Integer.toString(SEGMENT_BYTES))
          .config("max.message.bytes", Integer.toString(MAX_MESSAGE_BYTES));
    }
  }

  /** Small, so that segments roll and are read while sealed. */
  private static final int SEGMENT_BYTES = 1 << 20;

  /** The largest batch of the topic. */
  static final int MAX_MESSAGE_BYTES = 64 << 10;

  private static final int CONSUMERS = 2;

  private final List<TailraceClient> clients = new ArrayList<>();
  private final List<SendingClient> producers = new ArrayList<>();
  private final List<ReadingClient> consumers = new ArrayList<>();
  private final List<GroupMember> members = new ArrayList<>();
  private final EndsClient ends;
  private final CommitsClient commits;
  private final Acknowledgements acknowledgements;

  Load(String bootstrap, HistoryFile history, Shape shape, SplittableRandom random) {
    this.acknowledgements = new Acknowledgements(shape.partitions());
    for (Duration patience : shape.patience()) {
      Recorder recorder = new Recorder(history, "p" + producers.size());
      producers.add(
          new SendingClient(
              client(bootstrap, recorder),
              recorder,
              acknowledgements,
              shape,
              patience,
              random.split()));
    }
    for (int i = 0; i < CONSUMERS; i++) {
      Recorder recorder = new Recorder(history, "c" + i);
      consumers.add(new ReadingClient(client(bootstrap, recorder), recorder, shape.topic()));
    }
    for (Duration stays : shape.stays()) {
      Recorder recorder = new Recorder(history, "g" + members.size());
      members.add(new GroupMember(client(bootstrap, recorder), recorder, shape.topic(), stays));
    }
    Recorder ofEnds = new Recorder(history, "ends");
    this.ends =
        new EndsClient(client(bootstrap, ofEnds), ofEnds, shape.topic(), shape.partitions());
    Recorder ofCommits = new Recorder(history, "commits");
    this.commits = new CommitsClient(client(bootstrap, ofCommits), ofCommits, shape);
  }

  private TailraceClient client(String bootstrap, Recorder recorder) {
    TailraceClient client =
        TailraceClient.builder().bootstrap(bootstrap).clientId(recorder.client()).connect();
    clients.add(client);
    return client;
  }

  void start() {
    consumers.forEach(ReadingClient::start);
    members.forEach(GroupMember::start);
    ends.start();
    commits.start();
    producers.forEach(SendingClient::start);
  }

  Acknowledgements acknowledgements() {
    return acknowledgements;
  }

  /** Stops the producers, and waits until all of their records are settled. */
  void finishSending() throws InterruptedException {
    for (SendingClient producer : producers) {
      producer.finish();
    }
  }

  /** Whether every consumer, and the group, has read up to these offsets. */
  boolean consumedUpTo(Map<TopicPartition, Long> ends) {
    Map<TopicPartition, Long> ofGroup = new HashMap<>();
    members.forEach(member -> member.addPositions(ofGroup));
    return consumers.stream().allMatch(consumer -> consumer.hasReached(ends))
        && (members.isEmpty()
            || ends.entrySet().stream()
                .allMatch(end -> ofGroup.getOrDefault(end.getKey(), 0L) >= end.getValue()));
  }

  /** Stops the other clients. */
  void finishReading() throws InterruptedException {
    for (ReadingClient consumer : consumers) {
      consumer.finish();
    }
    for (GroupMember member : members) {
      member.finish();
    }
    ends.finish();
    commits.finish();
  }

  /** Ends the threads of all clients, also when a run ends early, before the connections. */
  @Override
  public void close() {
    producers.forEach(SendingClient::stop);
    consumers.forEach(ReadingClient::stop);
    members.forEach(GroupMember::stop);
    ends.stop();
    commits.stop();
    clients.forEach(client -> client.close(Duration.ZERO));
  }
}
