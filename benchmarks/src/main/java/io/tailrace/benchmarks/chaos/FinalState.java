package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.history.Action;
import io.tailrace.benchmarks.history.Operation;
import io.tailrace.benchmarks.history.Phase;
import io.tailrace.client.Admin;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.PartitionDescription;
import io.tailrace.client.Position;
import io.tailrace.client.Replay;
import io.tailrace.client.ReplicaBatches;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TopicPartition;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;

/**
 * Ends the load on a healed cluster, and writes into the history what the topic holds then: every
 * record, and the batches of every replica. Confined to one thread.
 */
final class FinalState {
  private final TailraceClient client;
  private final Recorder history;
  private final String topic;
  private final int partitions;

  FinalState(TailraceClient client, Recorder history, Load.Shape shape) {
    this.client = client;
    this.history = history;
    this.topic = shape.topic();
    this.partitions = shape.partitions();
  }

  /** Waits until every partition acknowledges again, ends the load and notes everything. */
  void note(Load load) throws InterruptedException {
    history.took(Operation.of(history.client(), Phase.OK, Action.HEAL));
    load.acknowledgements().markNow();
    Patience.tryAwait(load.acknowledgements()::allSince);
    load.finishSending();
    Patience.tryAwait(() -> outOfSync().isEmpty());
    noteSync(outOfSync());
    Map<TopicPartition, Long> ends = ends();
    Patience.tryAwait(() -> load.consumedUpTo(ends));
    load.finishReading();
    noteRecords();
    noteReplicas();
  }

  /** The partitions whose replicas are not all in sync now; every one while no broker answers. */
  Set<Integer> outOfSync() {
    Set<Integer> behind = new TreeSet<>();
    try {
      for (PartitionDescription partition :
          client.admin().describeTopic(topic).join().partitions()) {
        if (partition.leader().isEmpty()
            || partition.inSyncReplicas().size() != partition.replicas().size()) {
          behind.add(partition.id());
        }
      }
    } catch (CompletionException e) {
      for (int id = 0; id < partitions; id++) {
        behind.add(id);
      }
    }
    return behind;
  }

  /** Whether the metadata names a leader other than this broker for every partition. */
  boolean areAllLedWithout(int broker) {
    try {
      return client.admin().describeTopic(topic).join().partitions().stream()
          .allMatch(each -> each.leader().isPresent() && each.leader().getAsInt() != broker);
    } catch (CompletionException e) {
      return false;
    }
  }

  private void noteSync(Set<Integer> behind) {
    for (int id = 0; id < partitions; id++) {
      history.took(
          Operation.of(history.client(), behind.contains(id) ? Phase.FAILED : Phase.OK, Action.SYNC)
              .partition(new TopicPartition(topic, id).toString()));
    }
  }

  private Map<TopicPartition, Long> ends() {
    Map<TopicPartition, Long> ends = new HashMap<>();
    client
        .admin()
        .listOffsets(topic, Position.latest())
        .join()
        .forEach((partition, end) -> ends.put(partition, end.offset()));
    return ends;
  }

  private void noteRecords() {
    try (Replay<String, String> replay =
        client
            .<String, String>consumer(Serdes.string(), Serdes.string())
            .replay(topic, Position.earliest(), Position.latest())) {
      for (ConsumerRecord<String, String> record : replay) {
        history.took(
            Operation.of(history.client(), Phase.OK, Action.READ)
                .partition(record.topicPartition().toString())
                .value(record.value())
                .offset(record.offset()));
      }
    }
  }

  private void noteReplicas() {
    Admin admin = client.admin();
    for (PartitionDescription description : admin.describeTopic(topic).join().partitions()) {
      TopicPartition partition = new TopicPartition(topic, description.id());
      for (int broker : description.replicas()) {
        long offset = 0;
        for (ReplicaBatches read = admin.describeBatches(broker, partition, offset).join();
            !read.batches().isEmpty();
            read = admin.describeBatches(broker, partition, offset).join()) {
          for (ReplicaBatches.Batch batch : read.batches()) {
            history.took(dump(broker, partition, batch));
            offset = batch.lastOffset() + 1;
          }
        }
      }
    }
  }

  private static Operation dump(int broker, TopicPartition partition, ReplicaBatches.Batch batch) {
    return Operation.of("broker-" + broker, Phase.OK, Action.DUMP)
        .partition(partition.toString())
        .value(Integer.toHexString(batch.crc()) + "/" + batch.sizeBytes())
        .offset(batch.baseOffset())
        .batch(batch.lastOffset(), batch.leaderEpoch());
  }
}
