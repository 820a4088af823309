package io.tailrace.client.fake;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.BrokerEndpoint;
import io.tailrace.protocol.message.CommitOffsetsRequest;
import io.tailrace.protocol.message.CommitOffsetsResponse;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.MetadataResponse;
import io.tailrace.protocol.message.PartitionCommit;
import io.tailrace.protocol.message.PartitionMetadata;
import io.tailrace.protocol.message.TopicCommit;
import io.tailrace.protocol.message.TopicMetadata;
import io.tailrace.protocol.record.StoredRecord;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Brokers that share their topics in memory. Thread-safe: its own monitor guards everything that
 * the brokers share.
 */
public final class FakeCluster implements AutoCloseable {
  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final List<FakeBroker> brokers = new ArrayList<>();
  private final Map<String, FakeTopic> topics = new TreeMap<>();
  private volatile Fault fault = (broker, api, nth) -> Fault.Action.PASS;
  private final List<String> commits = new ArrayList<>();
  private MetadataResponse frozenMetadata;
  private int controller;
  private long nextProducerId = 1000;
  private volatile boolean keepsFetchSessions = true;
  private final AtomicLong namedInFetches = new AtomicLong();
  private final AtomicLong sessionsBegun = new AtomicLong();

  private FakeCluster() {}

  /** Starts so many brokers, with ids from 0. */
  public static FakeCluster start(int brokerCount) {
    FakeCluster cluster = new FakeCluster();
    for (int id = 0; id < brokerCount; id++) {
      cluster.brokers.add(new FakeBroker(id, cluster, cluster.group));
    }
    return cluster;
  }

  /** Every broker's address. */
  public String bootstrap() {
    StringBuilder text = new StringBuilder();
    for (FakeBroker broker : brokers) {
      text.append(text.length() == 0 ? "" : ",").append("127.0.0.1:").append(broker.port());
    }
    return text.toString();
  }

  public FakeBroker broker(int id) {
    return brokers.get(id);
  }

  int brokerCount() {
    return brokers.size();
  }

  /** Notes the offsets of a commit, one line for each partition. */
  synchronized CommitOffsetsResponse commit(CommitOffsetsRequest request) {
    for (TopicCommit topic : request.getTopicsList()) {
      for (PartitionCommit partition : topic.getPartitionsList()) {
        commits.add(partition.getPartition() + "@" + partition.getOffset());
      }
    }
    return CommitOffsetsResponse.getDefaultInstance();
  }

  /** The offsets that were committed, as {@code partition@offset}, in order. */
  public synchronized List<String> commits() {
    return List.copyOf(commits);
  }

  /** Installs what decides about requests from now on. */
  public void setFault(Fault fault) {
    this.fault = fault;
  }

  Fault fault() {
    return fault;
  }

  /** Answers fetches as a broker does that knows nothing of sessions. */
  public FakeCluster withoutFetchSessions() {
    keepsFetchSessions = false;
    return this;
  }

  boolean keepsFetchSessions() {
    return keepsFetchSessions;
  }

  void onFetch(FetchRequest request) {
    namedInFetches.addAndGet(request.getPartitionsCount());
    if (request.hasSession() && request.getSession().getId() == 0) {
      sessionsBegun.incrementAndGet();
    }
  }

  /** How many partitions all fetches together have named. */
  public long namedInFetches() {
    return namedInFetches.get();
  }

  /** How many fetches began a session. */
  public long sessionsBegun() {
    return sessionsBegun.get();
  }

  /** Makes a topic whose partitions are led by the brokers in turn. */
  public synchronized FakeCluster topic(String name, int partitions) {
    FakeTopic topic = new FakeTopic();
    topics.put(name, topic);
    addPartitions(name, partitions);
    return this;
  }

  /** Gives a topic more partitions. */
  public synchronized void addPartitions(String name, int partitions) {
    FakeTopic topic = topics.get(name);
    while (topic.partitions.size() < partitions) {
      topic.partitions.add(new FakePartition(topic.partitions.size() % brokers.size()));
    }
  }

  public synchronized void deleteTopic(String name) {
    topics.remove(name);
  }

  synchronized FakeTopic find(String name) {
    return topics.get(name);
  }

  private synchronized FakePartition partition(String topic, int partition) {
    return topics.get(topic).partitions.get(partition);
  }

  /** Lets another broker lead a partition, under the next epoch; -1 = none. */
  public synchronized void setLeader(String topic, int partition, int leader) {
    FakePartition moved = partition(topic, partition);
    moved.leader = leader;
    moved.leaderEpoch++;
  }

  /** Answers every metadata request as it would be answered now, whatever happens. */
  public synchronized void freezeMetadata() {
    frozenMetadata = metadata(MetadataRequest.newBuilder().setAllTopics(true).build());
  }

  /** Undoes {@link #freezeMetadata}. */
  public synchronized void thawMetadata() {
    frozenMetadata = null;
  }

  public synchronized void setController(int id) {
    controller = id;
  }

  synchronized int controller() {
    return controller;
  }

  synchronized long nextProducerId() {
    return nextProducerId++;
  }

  /** Loses what was appended after so many batches. */
  public synchronized void truncate(String topic, int partition, int batches) {
    partition(topic, partition).truncate(batches);
  }

  /** Forgets at which offsets producers have appended to the partition. */
  public synchronized void forgetRuns(String topic, int partition) {
    partition(topic, partition).forgetRuns();
  }

  /** Forgets what producers have appended to the partition. */
  public synchronized void forgetProducers(String topic, int partition) {
    partition(topic, partition).forgetProducers();
  }

  /** Lets a partition begin at this offset, as if what was before had expired. */
  public synchronized void setLogStart(String topic, int partition, long offset) {
    partition(topic, partition).logStart = offset;
  }

  /** Flips a byte in the middle of the last batch. */
  public synchronized void damageLastBatch(String topic, int partition) {
    FakePartition damaged = partition(topic, partition);
    byte[] batch = damaged.batch(damaged.batchCount() - 1);
    batch[batch.length - 3] ^= 0x55;
  }

  public synchronized long end(String topic, int partition) {
    return partition(topic, partition).end();
  }

  public synchronized int batchCount(String topic, int partition) {
    return partition(topic, partition).batchCount();
  }

  public synchronized byte[] batch(String topic, int partition, int index) {
    return partition(topic, partition).batch(index).clone();
  }

  public synchronized List<StoredRecord> records(String topic, int partition) {
    return partition(topic, partition).records();
  }

  /** The partition's values, as text. */
  public List<String> values(String topic, int partition) {
    return records(topic, partition).stream()
        .map(record -> new String(record.value(), StandardCharsets.UTF_8))
        .toList();
  }

  synchronized MetadataResponse metadata(MetadataRequest request) {
    if (frozenMetadata != null) {
      return frozenMetadata;
    }
    MetadataResponse.Builder response =
        MetadataResponse.newBuilder().setClusterId("fake").setControllerIdPlusOne(controller + 1);
    for (FakeBroker broker : brokers) {
      if (broker.listed()) {
        response.addBrokers(
            BrokerEndpoint.newBuilder()
                .setId(broker.id())
                .setHost("127.0.0.1")
                .setPort(broker.port()));
      }
    }
    List<String> names =
        request.getAllTopics() ? List.copyOf(topics.keySet()) : request.getTopicsList();
    for (String name : names) {
      FakeTopic topic = topics.get(name);
      TopicMetadata.Builder answer = TopicMetadata.newBuilder().setName(name);
      if (topic == null) {
        answer.setErrorCode(ErrorCode.UNKNOWN_TOPIC.number());
      } else {
        answer.setTopicId(topic.id).setType("log");
        for (int i = 0; i < topic.partitions.size(); i++) {
          FakePartition partition = topic.partitions.get(i);
          answer.addPartitions(
              PartitionMetadata.newBuilder()
                  .setId(i)
                  .setLeaderIdPlusOne(partition.leader + 1)
                  .setLeaderEpoch(partition.leaderEpoch)
                  .addReplicas(Math.max(0, partition.leader)));
        }
      }
      response.addTopics(answer);
    }
    return response.build();
  }

  @Override
  public void close() {
    brokers.forEach(FakeBroker::stop);
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
