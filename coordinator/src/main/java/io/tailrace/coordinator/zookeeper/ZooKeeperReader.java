package io.tailrace.coordinator.zookeeper;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.coordinator.cluster.MetadataEntry;
import io.tailrace.coordinator.cluster.MetadataKey;
import io.tailrace.coordinator.cluster.MetadataKey.Single;
import io.tailrace.coordinator.cluster.MetadataValue;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads znodes over one connection, hundreds with one request. When the connection is lost its
 * answers do not come any more. Confined to the store's thread.
 */
final class ZooKeeperReader {
  private static final Logger LOG = LoggerFactory.getLogger(ZooKeeperReader.class);

  /** Reads in one request. */
  static final int BATCH = 400;

  /**
   * The node of a topic or queue may be large: count it as that many reads, so that answers stay
   * small.
   */
  private static final int TOPIC_WEIGHT = 16;

  private final ZooKeeper zk;
  private final ClusterPaths paths;
  private final Scheduler thread;
  private final BooleanSupplier current;

  /**
   * @param current whether the connection is still the one that this reader was made for
   */
  ZooKeeperReader(ZooKeeper zk, ClusterPaths paths, Scheduler thread, BooleanSupplier current) {
    this.zk = zk;
    this.paths = paths;
    this.thread = thread;
    this.current = current;
  }

  /** Whether the key may be read in a request which has that many reads already. */
  static int weight(MetadataKey key) {
    return key instanceof MetadataKey.Topic || key instanceof MetadataKey.Queue ? TOPIC_WEIGHT : 1;
  }

  /** Reads everything; answers null when there is no cluster under the root yet. */
  void readAll(Consumer<List<MetadataEntry>> done) {
    List<Single> singles = List.of(Single.values());
    List<Op> ops = new ArrayList<>();
    for (Single key : singles) {
      ops.add(Op.getData(paths.of(key)));
    }
    ops.add(Op.getChildren(paths.brokers()));
    ops.add(Op.getChildren(paths.brokerConfigs()));
    ops.add(Op.getChildren(paths.deletions()));
    ops.add(Op.getChildren(paths.topics()));
    ops.add(Op.getChildren(paths.queues()));
    send(
        ops,
        results -> {
          List<MetadataEntry> entries = new ArrayList<>();
          for (int i = 0; i < singles.size(); i++) {
            add(singles.get(i), results.get(i), entries);
          }
          if (entries.stream().noneMatch(entry -> entry.key() == Single.CLUSTER)) {
            done.accept(null);
            return;
          }
          int next = singles.size();
          List<MetadataKey> keys = new ArrayList<>();
          for (String id : children(results.get(next))) {
            addKey(paths.brokers() + "/" + id, keys);
            addKey(paths.brokers() + "/" + id + "/live", keys);
          }
          for (String name : children(results.get(next + 1))) {
            addKey(paths.brokerConfigs() + "/" + name, keys);
          }
          for (String id : children(results.get(next + 2))) {
            addKey(paths.deletions() + "/" + id, keys);
          }
          for (String name : children(results.get(next + 3))) {
            addKey(paths.topics() + "/" + name, keys);
          }
          for (String name : children(results.get(next + 4))) {
            addKey(paths.queues() + "/" + name, keys);
          }
          read(keys, 0, entries, () -> readPartitions(entries, done));
        });
  }

  private void readPartitions(List<MetadataEntry> entries, Consumer<List<MetadataEntry>> done) {
    List<MetadataKey.Partitions> folders = new ArrayList<>();
    for (MetadataEntry entry : entries) {
      if (entry.key() instanceof MetadataKey.Topic topic
          && entry.value() instanceof MetadataValue.Topic value) {
        folders.add(new MetadataKey.Partitions(topic.name(), value.id()));
      }
    }
    List<MetadataKey> keys = new ArrayList<>();
    listPartitions(folders, 0, keys, () -> read(keys, 0, entries, () -> done.accept(entries)));
  }

  private void listPartitions(
      List<MetadataKey.Partitions> folders, int from, List<MetadataKey> keys, Runnable done) {
    if (from == folders.size()) {
      done.run();
      return;
    }
    int to = Math.min(folders.size(), from + BATCH);
    List<Op> ops = new ArrayList<>(to - from);
    for (MetadataKey.Partitions folder : folders.subList(from, to)) {
      ops.add(Op.getChildren(paths.of(folder)));
    }
    send(
        ops,
        results -> {
          for (int i = from; i < to; i++) {
            MetadataKey.Partitions folder = folders.get(i);
            addPartitions(folder.topic(), folder.topicId(), children(results.get(i - from)), keys);
          }
          listPartitions(folders, to, keys, done);
        });
  }

  private static void addPartitions(
      String topic, UUID topicId, List<String> names, List<MetadataKey> keys) {
    int[] ids = new int[names.size()];
    int count = 0;
    for (String name : names) {
      try {
        ids[count++] = Integer.parseUnsignedInt(name);
      } catch (NumberFormatException e) {
        LOG.warn("Ignoring node '{}' of topic {}: not a partition", name, topic, e);
        count--;
      }
    }
    Arrays.sort(ids, 0, count);
    for (int i = 0; i < count; i++) {
      keys.add(new MetadataKey.Partition(topic, topicId, ids[i]));
    }
  }

  private void addKey(String path, List<MetadataKey> keys) {
    MetadataKey key = paths.keyOf(path);
    if (key != null) {
      keys.add(key);
    }
  }

  /** Reads the keys from the given one on, batch after batch, and adds the nodes that exist. */
  private void read(List<MetadataKey> keys, int from, List<MetadataEntry> entries, Runnable done) {
    if (from == keys.size()) {
      done.run();
      return;
    }
    int weight = 0;
    int end = from;
    while (end < keys.size() && weight < BATCH) {
      weight += weight(keys.get(end++));
    }
    int to = end;
    read(
        keys.subList(from, to),
        read -> {
          for (MetadataEntry entry : read) {
            if (entry.value() != null) {
              entries.add(entry);
            }
          }
          read(keys, to, entries, done);
        });
  }

  /** Reads these keys with one request; a node that does not exist is answered as absent. */
  void read(List<MetadataKey> keys, Consumer<List<MetadataEntry>> done) {
    List<Op> ops = new ArrayList<>(keys.size());
    for (MetadataKey key : keys) {
      ops.add(Op.getData(paths.of(key)));
    }
    send(
        ops,
        results -> {
          List<MetadataEntry> entries = new ArrayList<>(keys.size());
          for (int i = 0; i < keys.size(); i++) {
            if (!add(keys.get(i), results.get(i), entries)) {
              entries.add(MetadataEntry.absent(keys.get(i)));
            }
          }
          done.accept(entries);
        });
  }

  /** Says whether the node exists. */
  private boolean add(MetadataKey key, OpResult result, List<MetadataEntry> entries) {
    if (!(result instanceof OpResult.GetDataResult read)) {
      return false;
    }
    Stat stat = read.getStat();
    try {
      MetadataValue value = ClusterNodeCodec.decode(key, read.getData());
      entries.add(new MetadataEntry(key, value, stat.getVersion(), stat.getEphemeralOwner()));
    } catch (InvalidProtocolBufferException e) {
      LOG.error("The value of znode {} cannot be read", paths.of(key), e);
      entries.add(
          new MetadataEntry(
              key,
              MetadataValue.Unreadable.UNREADABLE,
              stat.getVersion(),
              stat.getEphemeralOwner()));
    }
    return true;
  }

  private static List<String> children(OpResult result) {
    return result instanceof OpResult.GetChildrenResult read ? read.getChildren() : List.of();
  }

  private void send(List<Op> ops, Consumer<List<OpResult>> done) {
    zk.multi(
        ops,
        (code, path, context, results) ->
            thread.execute(
                () -> {
                  if (!current.getAsBoolean()) {
                    return;
                  }
                  if (results != null) {
                    done.accept(results);
                  } else {
                    // The connection is lost; the next one reads again.
                    LOG.debug("A read failed: {}", KeeperException.Code.get(code));
                  }
                }),
        null);
  }
}
