package io.tailrace.broker.kafka;

import io.tailrace.broker.partition.PartitionError;
import io.tailrace.protocol.error.ErrorCode;
import org.apache.kafka.common.protocol.Errors;

/**
 * This project's errors as Kafka's clients know them. A code is chosen by what a client does on it:
 * whether it asks for new metadata, tries again or gives up; "may have happened" stays that.
 * Stateless.
 */
final class KafkaErrors {
  private KafkaErrors() {}

  /** Null = no error. */
  static Errors of(PartitionError error) {
    return error == null ? Errors.NONE : of(error.code());
  }

  /** Kafka's error for a code. */
  static Errors of(ErrorCode code) {
    return switch (code) {
      case NONE -> Errors.NONE;
      case UNKNOWN, SERIALIZATION, CLIENT_CLOSED, INTERRUPTED -> Errors.UNKNOWN_SERVER_ERROR;
      case INVALID_REQUEST, HANDSHAKE_REQUIRED, FRAME_TOO_LARGE -> Errors.INVALID_REQUEST;
      case UNSUPPORTED_API, UNSUPPORTED_VERSION -> Errors.UNSUPPORTED_VERSION;
      case CORRUPT_BATCH, CORRUPT_LOG -> Errors.CORRUPT_MESSAGE;
      case BATCH_TOO_LARGE, RECORD_TOO_LARGE -> Errors.MESSAGE_TOO_LARGE;
      case UNSUPPORTED_COMPRESSION -> Errors.UNSUPPORTED_COMPRESSION_TYPE;
      case INVALID_TOPIC_NAME, INTERNAL_TOPIC -> Errors.INVALID_TOPIC_EXCEPTION;
      case INVALID_PARTITIONS -> Errors.INVALID_PARTITIONS;
      case INVALID_REPLICATION_FACTOR -> Errors.INVALID_REPLICATION_FACTOR;
      case INVALID_CONFIG -> Errors.INVALID_CONFIG;
      case INVALID_TIMESTAMP, INVALID_DELAY -> Errors.INVALID_TIMESTAMP;
      case INVALID_RECORD -> Errors.INVALID_RECORD;
      case UNKNOWN_TOPIC, UNKNOWN_PARTITION -> Errors.UNKNOWN_TOPIC_OR_PARTITION;
      case TOPIC_EXISTS -> Errors.TOPIC_ALREADY_EXISTS;
      case TOPIC_ID_MISMATCH -> Errors.UNKNOWN_TOPIC_ID;
      case OFFSET_OUT_OF_RANGE -> Errors.OFFSET_OUT_OF_RANGE;
      case UNKNOWN_RESOURCE, UNKNOWN_QUEUE -> Errors.RESOURCE_NOT_FOUND;
      case QUEUE_EXISTS, INVALID_QUEUE, LOCK_LOST -> Errors.INVALID_REQUEST;
      case EXCHANGE_IN_USE, QUEUE_FULL -> Errors.POLICY_VIOLATION;
      case UNKNOWN_FETCH_SESSION -> Errors.FETCH_SESSION_ID_NOT_FOUND;
      case NOT_LEADER -> Errors.NOT_LEADER_OR_FOLLOWER;
      case LEADER_NOT_AVAILABLE, BROKER_NOT_AVAILABLE -> Errors.LEADER_NOT_AVAILABLE;
      case FENCED_LEADER_EPOCH -> Errors.FENCED_LEADER_EPOCH;
      case UNKNOWN_LEADER_EPOCH -> Errors.UNKNOWN_LEADER_EPOCH;
      case NOT_CONTROLLER -> Errors.NOT_CONTROLLER;
      case CONNECTION_FAILED -> Errors.NETWORK_EXCEPTION;
      case NOT_ENOUGH_REPLICAS -> Errors.NOT_ENOUGH_REPLICAS;
      case INVALID_BROKER_EPOCH -> Errors.STALE_BROKER_EPOCH;
      case DISK_FULL, STORAGE_ERROR -> Errors.KAFKA_STORAGE_ERROR;
      case SHUTTING_DOWN -> Errors.NOT_LEADER_OR_FOLLOWER;
      // Every client of Kafka tries these again; none has a code for a broker with too much work.
      case OVERLOADED, BUFFER_FULL, METADATA_UNAVAILABLE -> Errors.REQUEST_TIMED_OUT;
      case REQUEST_TIMED_OUT, OUTCOME_UNKNOWN, DELIVERY_TIMED_OUT -> Errors.REQUEST_TIMED_OUT;
      case DUPLICATE_SEQUENCE -> Errors.DUPLICATE_SEQUENCE_NUMBER;
      case OUT_OF_ORDER_SEQUENCE -> Errors.OUT_OF_ORDER_SEQUENCE_NUMBER;
      case FENCED_PRODUCER_EPOCH -> Errors.INVALID_PRODUCER_EPOCH;
      case UNKNOWN_PRODUCER_ID -> Errors.UNKNOWN_PRODUCER_ID;
      case COORDINATOR_LOADING -> Errors.COORDINATOR_LOAD_IN_PROGRESS;
      case COORDINATOR_NOT_AVAILABLE -> Errors.COORDINATOR_NOT_AVAILABLE;
      case NOT_COORDINATOR -> Errors.NOT_COORDINATOR;
      case UNKNOWN_MEMBER -> Errors.UNKNOWN_MEMBER_ID;
      case FENCED_MEMBER_EPOCH -> Errors.FENCED_MEMBER_EPOCH;
      case STALE_MEMBER_EPOCH -> Errors.STALE_MEMBER_EPOCH;
      case GROUP_NOT_EMPTY -> Errors.NON_EMPTY_GROUP;
      case UNKNOWN_GROUP -> Errors.GROUP_ID_NOT_FOUND;
      case INVALID_GROUP_ID -> Errors.INVALID_GROUP_ID;
      case UNRELEASED_INSTANCE_ID -> Errors.UNRELEASED_INSTANCE_ID;
      case UNSUPPORTED_ASSIGNOR -> Errors.UNSUPPORTED_ASSIGNOR;
      case NO_OFFSET -> Errors.OFFSET_OUT_OF_RANGE;
    };
  }
}
