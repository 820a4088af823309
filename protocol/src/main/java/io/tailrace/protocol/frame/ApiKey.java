package io.tailrace.protocol.frame;

import java.util.HashMap;
import java.util.Map;

/** The requests that a broker answers, with the versions that this build speaks. */
public enum ApiKey {
  /** The first request of a connection: identifies the client and tells the supported versions. */
  HANDSHAKE(0, 0, 0),
  /** Brokers, topics, and the leaders of partitions. */
  METADATA(1, 0, 0),
  /** Appends record batches. */
  PRODUCE(2, 0, 0),
  /** Reads record batches, and waits a while when there are none. */
  FETCH(3, 0, 0),
  /** Finds offsets by time, and the first and the next ones. */
  LIST_OFFSETS(4, 0, 0),
  /** Gives an idempotent producer its number. */
  ALLOCATE_PRODUCER_ID(5, 0, 0),
  /** Makes a topic. */
  CREATE_TOPIC(20, 0, 0),
  /** Deletes a topic with its records. */
  DELETE_TOPIC(21, 0, 0),
  /** Gives a topic more partitions. */
  ALTER_TOPIC(22, 0, 0),
  /** Shows settings of a topic or broker. */
  DESCRIBE_CONFIGS(23, 0, 0),
  /** Changes settings of a topic or broker. */
  ALTER_CONFIGS(24, 0, 0),
  /** Shows what the logs of a broker hold. */
  DESCRIBE_LOGS(25, 0, 0),
  /** Shows which record batches a broker's replica of a partition holds, without their records. */
  DESCRIBE_BATCHES(26, 0, 0),
  /** Deletes the oldest records of a partition. */
  DELETE_RECORDS(27, 0, 0),
  /** Moves leaders to preferred replicas, or gives a partition a leader that lacks records. */
  ELECT_LEADERS(28, 0, 0),
  /** Asks a broker for a sign of life. */
  PING(29, 0, 0),
  /** Finds the broker that coordinates a consumer group. */
  FIND_COORDINATOR(40, 0, 0),
  /** Keeps a member in its group, and tells it which partitions to read. */
  GROUP_HEARTBEAT(41, 0, 0),
  /** Stores how far a group has read. */
  COMMIT_OFFSETS(42, 0, 0),
  /** Finds how far a group has read. */
  FETCH_OFFSETS(43, 0, 0),
  /** Lists the groups that a broker coordinates. */
  LIST_GROUPS(44, 0, 0),
  /** Shows a group's members. */
  DESCRIBE_GROUP(45, 0, 0),
  /** Deletes a group that has no members, with its offsets. */
  DELETE_GROUP(46, 0, 0),
  /** Delivers messages of a queue, and waits a while when there are none. */
  QUEUE_RECEIVE(60, 0, 0),
  /** Says what became of delivered messages. */
  QUEUE_ANSWER(61, 0, 0),
  /** Makes a queue. */
  CREATE_QUEUE(62, 0, 0),
  /** Deletes a queue. */
  DELETE_QUEUE(63, 0, 0),
  /** Binds a queue to an exchange, or unbinds it. */
  BIND_QUEUE(64, 0, 0),
  /** Shows queues with their settings and bindings. */
  DESCRIBE_QUEUES(65, 0, 0),
  /** Shows what a queue holds on partitions that a broker leads, once its bindings count there. */
  DESCRIBE_DELIVERY(66, 0, 0),
  /** Drops what is ready or delayed in a queue. */
  PURGE_QUEUE(67, 0, 0),
  /** Tells which records some queue matches. */
  FIND_ROUTED(68, 0, 0),
  /** Makes what messages of a queue are forwarded to. */
  PREPARE_FORWARDING(70, 0, 0),
  /** Shows messages of a queue without taking them. */
  BROWSE_QUEUE(71, 0, 0),
  /** Sends dead letters back to a queue. */
  REDRIVE(72, 0, 0),
  /** Replays messages of a queue, or fills in what new bindings match. */
  START_RANGE(73, 0, 0);

  private static final Map<Integer, ApiKey> BY_ID = new HashMap<>();

  static {
    for (ApiKey key : values()) {
      BY_ID.put(key.id, key);
    }
  }

  private final int id;
  private final int minVersion;
  private final int maxVersion;

  ApiKey(int id, int minVersion, int maxVersion) {
    this.id = id;
    this.minVersion = minVersion;
    this.maxVersion = maxVersion;
  }

  /** The number on the wire. */
  public int id() {
    return id;
  }

  /** The oldest version that this build speaks. */
  public int minVersion() {
    return minVersion;
  }

  /** The newest version that this build speaks. */
  public int maxVersion() {
    return maxVersion;
  }

  /** Whether this build speaks the version. */
  public boolean supports(int version) {
    return version >= minVersion && version <= maxVersion;
  }

  /** The api with this number, or null. */
  public static ApiKey of(int id) {
    return BY_ID.get(id);
  }
}
