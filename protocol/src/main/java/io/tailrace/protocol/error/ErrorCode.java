package io.tailrace.protocol.error;

import java.util.HashMap;
import java.util.Map;

/**
 * What went wrong, as a number that crosses the wire. Clients branch on the code, never on the text
 * that travels with it.
 *
 * <p>"Did not happen" and "may have happened" are different codes: only {@link #OUTCOME_UNKNOWN}
 * and {@link #REQUEST_TIMED_OUT} leave open whether a write took place.
 */
public enum ErrorCode {
  /** No error. */
  NONE(0, false, "no error"),
  /** The broker met an error that it did not expect; its log says more. */
  UNKNOWN(1, false, "the broker met an error that it did not expect; its log says more"),

  // Errors of the request itself.
  /** The request cannot be read. */
  INVALID_REQUEST(10, false, "the request cannot be read"),
  /** The broker does not know this api. */
  UNSUPPORTED_API(11, false, "the broker does not know this api"),
  /** The broker does not know this version of the api. */
  UNSUPPORTED_VERSION(12, false, "the broker does not know this version of the api"),
  /** The first request on a connection must be a handshake. */
  HANDSHAKE_REQUIRED(13, false, "the first request on a connection must be a handshake"),
  /** The frame is larger than the broker accepts. */
  FRAME_TOO_LARGE(14, false, "the frame is larger than the broker accepts"),
  /** A record batch does not match its checksum or its own structure. */
  CORRUPT_BATCH(15, false, "a record batch does not match its checksum or its own structure"),
  /** The record batch is larger than max.message.bytes allows. */
  BATCH_TOO_LARGE(16, false, "the record batch is larger than max.message.bytes allows"),
  /** The record batch names a compression that is not known. */
  UNSUPPORTED_COMPRESSION(17, false, "the record batch names a compression that is not known"),
  /** The topic's name is not allowed. */
  INVALID_TOPIC_NAME(18, false, "the topic's name is not allowed"),
  /** The number of partitions is not allowed. */
  INVALID_PARTITIONS(19, false, "the number of partitions is not allowed"),
  /** The replication factor is not allowed. */
  INVALID_REPLICATION_FACTOR(20, false, "the replication factor is not allowed"),
  /** A setting is not known or its value is not allowed. */
  INVALID_CONFIG(21, false, "a setting is not known or its value is not allowed"),
  /** The record's timestamp is not allowed. */
  INVALID_TIMESTAMP(22, false, "the record's timestamp is not allowed"),
  /** The topic does not take such a record, as a compacted one that takes none without a key. */
  INVALID_RECORD(23, false, "the topic does not take such a record"),
  /** The record's {@code deliver-after} is not a delay, or too long. */
  INVALID_DELAY(26, false, "the record's deliver-after or ttl is not a time, or too long"),

  // Errors of its target.
  /** The broker does not know this topic. */
  UNKNOWN_TOPIC(30, true, "the broker does not know this topic"),
  /** The topic has no such partition. */
  UNKNOWN_PARTITION(31, false, "the topic has no such partition"),
  /** The topic already exists. */
  TOPIC_EXISTS(32, false, "the topic already exists"),
  /** The topic was deleted and made again under the same name. */
  TOPIC_ID_MISMATCH(33, false, "the topic was deleted and made again under the same name"),
  /** The offset is before the log's start or after its end. */
  OFFSET_OUT_OF_RANGE(34, false, "the offset is before the log's start or after its end"),
  /** There is no such resource. */
  UNKNOWN_RESOURCE(35, false, "there is no such resource"),
  /** Begin a new one, with all partitions. */
  UNKNOWN_FETCH_SESSION(36, true, "the connection has no such fetch session at this epoch"),
  /** The topic is written by brokers only. */
  INTERNAL_TOPIC(37, false, "the topic is written by brokers only"),
  /** There is no such queue. */
  UNKNOWN_QUEUE(38, false, "there is no such queue"),
  /** The queue already exists. */
  QUEUE_EXISTS(39, false, "the queue already exists"),
  /** A queue's name, setting or binding is not allowed. */
  INVALID_QUEUE(40, false, "a queue's name, setting or binding is not allowed"),
  /** The message was delivered to another consumer meanwhile, or set aside. */
  LOCK_LOST(41, false, "the message was delivered to another consumer meanwhile, or set aside"),
  /** Queues are bound to the exchange. */
  EXCHANGE_IN_USE(42, false, "queues are bound to the exchange"),
  /** The queue's inbox has reached {@code inbox.max.bytes}. */
  QUEUE_FULL(46, false, "the queue's inbox holds as many bytes as inbox.max.bytes allows"),

  // Leadership.
  /** This broker does not lead the partition. */
  NOT_LEADER(50, true, "this broker does not lead the partition"),
  /** The partition has no leader now. */
  LEADER_NOT_AVAILABLE(51, true, "the partition has no leader now"),
  /** The leader epoch is older than the broker's. */
  FENCED_LEADER_EPOCH(52, true, "the leader epoch is older than the broker's"),
  /** The leader epoch is newer than the broker's. */
  UNKNOWN_LEADER_EPOCH(53, true, "the leader epoch is newer than the broker's"),
  /** This broker is not the controller. */
  NOT_CONTROLLER(54, true, "this broker is not the controller"),
  /** No broker can be reached. */
  BROKER_NOT_AVAILABLE(55, true, "no broker can be reached"),
  /** The cluster's metadata store cannot be reached. */
  METADATA_UNAVAILABLE(56, true, "the cluster's metadata store cannot be reached"),
  /** Fewer replicas are in sync than min.insync.replicas asks for. */
  NOT_ENOUGH_REPLICAS(57, true, "fewer replicas are in sync than min.insync.replicas asks for"),
  /** A broker follows under a registration that is not its newest one, as far as is known. */
  INVALID_BROKER_EPOCH(58, true, "the broker is not registered with this epoch"),

  // Load and resources.
  /** The broker has more work queued than it allows. */
  OVERLOADED(70, true, "the broker has more work queued than it allows"),
  /** The broker's disk has no room left. */
  DISK_FULL(71, true, "the broker's disk has no room left"),
  /** The partition's log failed and is offline on this broker. */
  STORAGE_ERROR(72, true, "the partition's log failed and is offline on this broker"),
  /** Stored records do not match their checksum. */
  CORRUPT_LOG(73, false, "stored records do not match their checksum"),
  /** The broker is shutting down. */
  SHUTTING_DOWN(74, true, "the broker is shutting down"),

  // Outcomes that are not known.
  /** No answer within the time allowed; the write may have happened. */
  REQUEST_TIMED_OUT(90, true, "no answer within the time allowed; the write may have happened"),
  /** The connection or the leader was lost; the write may have happened. */
  OUTCOME_UNKNOWN(91, true, "the connection or the leader was lost; the write may have happened"),

  // Idempotent producers.
  /** The batch was appended before, too long ago to say where. */
  DUPLICATE_SEQUENCE(100, false, "the batch was appended before, too long ago to say where"),
  /** A batch before this one is missing. */
  OUT_OF_ORDER_SEQUENCE(101, false, "a batch before this one is missing"),
  /** A newer producer uses the same producer id. */
  FENCED_PRODUCER_EPOCH(102, false, "a newer producer uses the same producer id"),
  /** The broker holds nothing of this producer any more. */
  UNKNOWN_PRODUCER_ID(103, false, "the broker holds nothing of this producer any more"),

  // On the client's own side; these never cross the wire.
  /** The client or producer is closed. */
  CLIENT_CLOSED(120, false, "the client or producer is closed"),
  /** The record was not acknowledged within the delivery timeout; it may have been written. */
  DELIVERY_TIMED_OUT(
      121,
      false,
      "the record was not acknowledged within the delivery timeout; it may have been written"),
  /** The producer's memory is full and none became free in time. */
  BUFFER_FULL(122, true, "the producer's memory is full and none became free in time"),
  /** A key or value cannot be turned into bytes, or bytes into it. */
  SERIALIZATION(123, false, "a key or value cannot be turned into bytes, or bytes into it"),
  /** The record is larger than the producer or the broker allows. */
  RECORD_TOO_LARGE(124, false, "the record is larger than the producer or the broker allows"),
  /** The connection could not be made or was lost before the request was sent. */
  CONNECTION_FAILED(
      125, true, "the connection could not be made or was lost before the request was sent"),
  /** The thread was interrupted while it waited; what it had asked for may still happen. */
  INTERRUPTED(
      126, false, "the thread was interrupted while it waited; what it asked for may still happen"),

  // Consumer groups.
  /** The group's coordinator reads the group's state from its log. */
  COORDINATOR_LOADING(
      140, true, "the group's coordinator still reads the state of its groups from the log"),
  /** The group has no coordinator now. */
  COORDINATOR_NOT_AVAILABLE(141, true, "the group has no coordinator now"),
  /** This broker is not the group's coordinator. */
  NOT_COORDINATOR(142, true, "this broker is not the group's coordinator"),
  /** The group does not have this member, or not any more. */
  UNKNOWN_MEMBER(143, false, "the group does not have this member, or not any more"),
  /** The member epoch is newer than the coordinator's. */
  FENCED_MEMBER_EPOCH(144, false, "the member epoch is newer than the coordinator's"),
  /** The partition was not the member's at its epoch. */
  STALE_MEMBER_EPOCH(145, false, "the partition was not the member's at that member epoch"),
  /** The group has members. */
  GROUP_NOT_EMPTY(146, false, "the group has members; stop them first"),
  /** There is no such group. */
  UNKNOWN_GROUP(147, false, "there is no such group"),
  /** The group's name is not allowed. */
  INVALID_GROUP_ID(148, false, "the group's name is not allowed"),
  /** Another member has this instance id and is still connected. */
  UNRELEASED_INSTANCE_ID(149, true, "another member has this instance id and is still connected"),
  /** The assignor is not known. */
  UNSUPPORTED_ASSIGNOR(150, false, "the assignor is not known"),
  /** No offset is committed, and the consumer may not choose one itself. */
  NO_OFFSET(
      151, false, "no offset is committed for the partition, and the consumer may not choose one");

  private static final Map<Integer, ErrorCode> BY_NUMBER = new HashMap<>();

  static {
    for (ErrorCode code : values()) {
      BY_NUMBER.put(code.number, code);
    }
  }

  private final int number;
  private final boolean retriable;
  private final String meaning;

  ErrorCode(int number, boolean retriable, String meaning) {
    this.number = number;
    this.retriable = retriable;
    this.meaning = meaning;
  }

  /** The number on the wire. */
  public int number() {
    return number;
  }

  /**
   * Whether the request is at fault: it cannot be read, or names something that does not exist. The
   * broker and the cluster are healthy.
   */
  public boolean blamesRequest() {
    return number >= INVALID_REQUEST.number && number < NOT_LEADER.number;
  }

  /**
   * Whether the same request may succeed later, perhaps at another broker, without a person mending
   * something.
   */
  public boolean retriable() {
    return retriable;
  }

  /** One clause for people. */
  public String meaning() {
    return meaning;
  }

  /** The code with this number; {@link #UNKNOWN} for one that a newer broker added. */
  public static ErrorCode of(int number) {
    return BY_NUMBER.getOrDefault(number, UNKNOWN);
  }
}
