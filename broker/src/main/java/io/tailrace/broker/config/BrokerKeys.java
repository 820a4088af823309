package io.tailrace.broker.config;

import io.tailrace.broker.log.LogConfig;
import io.tailrace.protocol.record.RecordReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The settings of a broker. */
public final class BrokerKeys {
  private static final LogConfig LOG = LogConfig.defaults();

  public static final ConfigKey<Integer> BROKER_ID =
      ConfigKey.fixed(
          "broker.id",
          ConfigType.INTEGER,
          0,
          Constraint.between(0, Integer.MAX_VALUE - 1L),
          "The number of this broker, which no other broker of the cluster has.");

  public static final ConfigKey<HostPort> LISTENER =
      ConfigKey.fixed(
          "listener",
          ConfigType.HOST_PORT,
          new HostPort("localhost", 7092),
          Constraint.any(),
          "Where clients and other brokers connect; port 0 takes any that is free.");

  public static final ConfigKey<Optional<HostPort>> ADVERTISED_LISTENER =
      ConfigKey.fixed(
          "advertised.listener",
          ConfigType.OPTIONAL_HOST_PORT,
          Optional.empty(),
          Constraint.any(),
          "What clients and other brokers are told to connect to, when it is not the listener"
              + " itself: behind a port mapping, or when the listener is 0.0.0.0.");

  public static final ConfigKey<HostPort> HTTP_LISTENER =
      ConfigKey.fixed(
          "http.listener",
          ConfigType.HOST_PORT,
          new HostPort("localhost", 7080),
          Constraint.any(),
          "Where health and metrics are served over HTTP; port 0 takes any that is free.");

  public static final ConfigKey<Optional<HostPort>> KAFKA_LISTENER =
      ConfigKey.fixed(
          "kafka.listener",
          ConfigType.OPTIONAL_HOST_PORT,
          Optional.empty(),
          Constraint.any(),
          "Where clients of Kafka connect, such as localhost:9092; empty = nowhere; port 0 takes"
              + " any that is free.");

  public static final ConfigKey<Optional<HostPort>> KAFKA_ADVERTISED_LISTENER =
      ConfigKey.fixed(
          "kafka.advertised.listener",
          ConfigType.OPTIONAL_HOST_PORT,
          Optional.empty(),
          Constraint.any(),
          "What clients of Kafka are told to connect to, when it is not kafka.listener itself.");

  public static final ConfigKey<Boolean> AUTO_CREATE_TOPICS_ENABLE =
      ConfigKey.fixed(
          "auto.create.topics.enable",
          ConfigType.BOOLEAN,
          true,
          Constraint.any(),
          "Whether a topic that a client of Kafka produces to, or asks for, is made when it is not"
              + " there; clients of Tailrace's own make no topics by accident.");

  public static final ConfigKey<String> BROKER_RACK =
      ConfigKey.fixed(
          "broker.rack",
          ConfigType.TEXT,
          "",
          Constraint.any(),
          "The rack or zone of this broker; replicas of a partition are spread over racks.");

  public static final ConfigKey<Path> DATA_DIR =
      ConfigKey.fixed(
          "data.dir",
          ConfigType.DIRECTORY,
          Path.of("data"),
          Constraint.any(),
          "Where everything is kept, on a local ext4 or xfs file system; a relative path begins at"
              + " TAILRACE_HOME or, without that, at the working directory; the environment"
              + " variable TAILRACE_DATA_DIR wins over the file.");

  public static final ConfigKey<String> ZOOKEEPER_CONNECT =
      ConfigKey.fixed(
          "zookeeper.connect",
          ConfigType.TEXT,
          "",
          new Constraint<>(
              "empty, or HOST:PORT of one or more ZooKeeper servers with commas between, with an"
                  + " optional /path behind the last",
              BrokerKeys::isConnectString),
          "The ZooKeeper ensemble that holds the cluster's metadata; empty = one that runs embedded"
              + " in this broker, for a cluster of one.");

  public static final ConfigKey<Integer> ZOOKEEPER_SESSION_TIMEOUT_MS =
      ConfigKey.fixed(
          "zookeeper.session.timeout.ms",
          ConfigType.INTEGER,
          6000,
          Constraint.between(500, 600_000),
          "After so long without a sign of life ZooKeeper takes this broker for dead; longer than"
              + " any pause of garbage collection.");

  public static final ConfigKey<Integer> ZOOKEEPER_EMBEDDED_PORT =
      ConfigKey.fixed(
          "zookeeper.embedded.port",
          ConfigType.INTEGER,
          0,
          Constraint.between(0, 65_535),
          "The port on localhost of the embedded ZooKeeper; 0 takes any that is free.");

  public static final ConfigKey<Integer> NETWORK_THREADS =
      ConfigKey.fixed(
          "network.threads",
          ConfigType.INTEGER,
          0,
          Constraint.between(0, 1024),
          "Threads that serve connections and partitions; 0 = one for two processors.");

  public static final ConfigKey<Integer> MAX_FRAME_BYTES =
      ConfigKey.fixed(
          "max.frame.bytes",
          ConfigType.INTEGER,
          32 << 20,
          Constraint.between(64 << 10, 1 << 30),
          "The largest request that is read; larger than max.message.bytes by 65536 or more.");

  public static final ConfigKey<Integer> CONNECTION_IDLE_TIMEOUT_MS =
      ConfigKey.fixed(
          "connection.idle.timeout.ms",
          ConfigType.INTEGER,
          600_000,
          Constraint.atLeast(1000),
          "A connection over which nothing came for so long is closed.");

  public static final ConfigKey<Integer> CONNECTION_STALL_TIMEOUT_MS =
      ConfigKey.fixed(
          "connection.stall.timeout.ms",
          ConfigType.INTEGER,
          30_000,
          Constraint.atLeast(1000),
          "A connection is closed whose handshake, or whose frame, is not whole so long after it"
              + " began, or which takes none of its responses for so long.");

  public static final ConfigKey<Integer> CONNECTIONS_MAX =
      ConfigKey.fixed(
          "connections.max",
          ConfigType.INTEGER,
          10_000,
          Constraint.atLeast(1),
          "Connections of clients that are served at a time, or fewer where the process may open"
              + " too few files for them (ulimit -n); a further one takes the place of one that has"
              + " not shaken hands, or is refused. Those of other brokers do not count.");

  public static final ConfigKey<Long> REQUEST_MEMORY_BYTES =
      ConfigKey.fixed(
          "request.memory.bytes",
          ConfigType.LONG,
          256L << 20,
          Constraint.atLeast(1 << 20),
          "Memory for requests that are being worked on; when it is used up, records are refused"
              + " (OVERLOADED) until some are answered. Large requests of which only a part has"
              + " come may take half as much besides; then no more of them is read, and those that"
              + " stall are closed.");

  public static final ConfigKey<Long> RESPONSE_MEMORY_BYTES =
      ConfigKey.fixed(
          "response.memory.bytes",
          ConfigType.LONG,
          256L << 20,
          Constraint.atLeast(1 << 20),
          "Memory for responses that are being made or wait for their clients to take them; when"
              + " half of it is used, clients that take nothing are closed, and when all is,"
              + " fetches are refused (OVERLOADED).");

  public static final ConfigKey<Integer> DEFAULT_PARTITIONS =
      ConfigKey.dynamic(
          "default.partitions",
          ConfigType.INTEGER,
          1,
          Constraint.between(1, 10_000),
          "Partitions of a topic that is made without saying how many.");

  public static final ConfigKey<Integer> DEFAULT_REPLICATION_FACTOR =
      ConfigKey.dynamic(
          "default.replication.factor",
          ConfigType.INTEGER,
          1,
          Constraint.between(1, 100),
          "Replicas of each partition of a topic that is made without saying how many.");

  public static final ConfigKey<Integer> OFFSETS_REPLICATION_FACTOR =
      ConfigKey.dynamic(
          "offsets.replication.factor",
          ConfigType.INTEGER,
          0,
          Constraint.between(0, 100),
          "Replicas of the topic that the state of consumer groups is kept in; it is made, at its"
              + " first use, when there are as many brokers; 0 = default.replication.factor, but at"
              + " most 3.");

  public static final ConfigKey<Long> OFFSETS_RETENTION_MS =
      ConfigKey.dynamic(
          "offsets.retention.ms",
          ConfigType.LONG,
          7 * 24 * 3_600_000L,
          Constraint.atLeast(1),
          "Committed offsets are forgotten when their group has had no members, or none that"
              + " subscribes to their topic, for so long.");

  public static final ConfigKey<Boolean> OFFSETS_LOAD_DAMAGED =
      ConfigKey.dynamic(
          "offsets.load.damaged",
          ConfigType.BOOLEAN,
          false,
          Constraint.any(),
          "Whether groups are loaded although some of their records cannot be read, and what these"
              + " say is forgotten; otherwise their coordinator is not available.");

  public static final ConfigKey<Boolean> QUEUES_LOAD_DAMAGED =
      ConfigKey.dynamic(
          "queues.load.damaged",
          ConfigType.BOOLEAN,
          false,
          Constraint.any(),
          "Whether queues are loaded although some of what they have delivered and settled cannot"
              + " be read: messages may be delivered again, or not at all; otherwise the queues of"
              + " that partition are not available.");

  public static final ConfigKey<Long> GROUP_LAG_INTERVAL_MS =
      ConfigKey.fixed(
          "group.lag.interval.ms",
          ConfigType.LONG,
          10_000L,
          Constraint.between(100, 3_600_000),
          "How often the broker finds out, for its metrics, how far the groups that it coordinates"
              + " are behind.");

  public static final ConfigKey<Integer> REPLICA_LAG_TIME_MAX_MS =
      ConfigKey.fixed(
          "replica.lag.time.max.ms",
          ConfigType.INTEGER,
          30_000,
          Constraint.between(1_000, 3_600_000),
          "A follower that has not caught up with its leader for this long leaves the in-sync set;"
              + " more than zookeeper.session.timeout.ms.");

  public static final ConfigKey<Integer> MIN_INSYNC_REPLICAS =
      ConfigKey.dynamic(
          "min.insync.replicas",
          ConfigType.INTEGER,
          1,
          Constraint.between(1, 100),
          "With fewer replicas in sync than this, or than the topic has replicas if that is less,"
              + " nothing is acknowledged or shown to consumers.");

  public static final ConfigKey<Integer> MAX_MESSAGE_BYTES =
      ConfigKey.dynamic(
          "max.message.bytes",
          ConfigType.INTEGER,
          LOG.maxBatchBytes(),
          Constraint.between(1024, 256 << 20),
          "The largest record batch that is accepted, as it was compressed.");

  public static final ConfigKey<Integer> MAX_MESSAGE_UNCOMPRESSED_BYTES =
      ConfigKey.dynamic(
          "max.message.uncompressed.bytes",
          ConfigType.INTEGER,
          RecordReader.DEFAULT_MAX_DECOMPRESSED_BYTES,
          Constraint.between(1024, RecordReader.DEFAULT_MAX_DECOMPRESSED_BYTES),
          "The largest compressed record batch that is accepted, by the size of its records without"
              + " compression; consumers decompress no more than 67108864.");

  public static final ConfigKey<Long> MESSAGE_TIMESTAMP_AFTER_MAX_MS =
      ConfigKey.dynamic(
          "message.timestamp.after.max.ms",
          ConfigType.LONG,
          3_600_000L,
          Constraint.atLeast(0),
          "Records whose timestamp is further than this ahead of the broker's clock are refused"
              + " (INVALID_TIMESTAMP), since retention by time would keep them, and what stands"
              + " behind them, so much longer.");

  public static final ConfigKey<Long> LOG_SEGMENT_BYTES =
      ConfigKey.dynamic(
          "log.segment.bytes",
          ConfigType.LONG,
          LOG.segmentBytes(),
          Constraint.between(64 << 10, 16L << 30),
          "A segment of a log that has reached this size is closed and a new one begun.");

  public static final ConfigKey<Long> LOG_SEGMENT_MS =
      ConfigKey.dynamic(
          "log.segment.ms",
          ConfigType.LONG,
          LOG.segmentMs(),
          Constraint.atLeast(1),
          "A segment whose first record is this old is closed and a new one begun.");

  public static final ConfigKey<Long> LOG_RETENTION_MS =
      ConfigKey.dynamic(
          "log.retention.ms",
          ConfigType.LONG,
          LOG.retentionMs(),
          Constraint.atLeast(-1),
          "Closed segments are deleted once their youngest record is this old; -1 = never.");

  public static final ConfigKey<Long> LOG_RETENTION_BYTES =
      ConfigKey.dynamic(
          "log.retention.bytes",
          ConfigType.LONG,
          LOG.retentionBytes(),
          Constraint.atLeast(-1),
          "The oldest closed segments of a partition are deleted while the rest is still larger"
              + " than this; -1 = no bound.");

  public static final ConfigKey<Long> INBOX_MAX_BYTES =
      ConfigKey.dynamic(
          "inbox.max.bytes",
          ConfigType.LONG,
          -1L,
          Constraint.atLeast(-1),
          "A partition of a queue's inbox that holds so many bytes takes no more records"
              + " (QUEUE_FULL) until messages are settled: the bound for what a work queue keeps,"
              + " since an inbox has no retention by time; -1 = no bound.");

  public static final ConfigKey<LogConfig.Flush> LOG_FLUSH =
      ConfigKey.dynamic(
          "log.flush",
          ConfigType.oneOf(LogConfig.Flush.class),
          LOG.flush(),
          Constraint.any(),
          "When records are synced to the device: none leaves it to the operating system (records"
              + " survive the death of the process), interval syncs now and then, ack syncs before"
              + " a record is acknowledged (records survive power loss).");

  public static final ConfigKey<Long> LOG_FLUSH_INTERVAL_RECORDS =
      ConfigKey.dynamic(
          "log.flush.interval.records",
          ConfigType.LONG,
          LOG.flushIntervalRecords(),
          Constraint.atLeast(1),
          "With flush at interval: sync after so many records.");

  public static final ConfigKey<Long> LOG_FLUSH_INTERVAL_MS =
      ConfigKey.dynamic(
          "log.flush.interval.ms",
          ConfigType.LONG,
          LOG.flushIntervalMs(),
          Constraint.atLeast(1),
          "With flush at interval: sync after so many milliseconds.");

  public static final ConfigKey<Integer> LOG_CHECK_INTERVAL_MS =
      ConfigKey.fixed(
          "log.check.interval.ms",
          ConfigType.INTEGER,
          30_000,
          Constraint.atLeast(10),
          "How often logs are looked at for segments to close, to delete or to compact.");

  public static final ConfigKey<Long> LOG_CLEANER_DEDUPE_BUFFER_SIZE =
      ConfigKey.fixed(
          "log.cleaner.dedupe.buffer.size",
          ConfigType.LONG,
          128L << 20,
          Constraint.between(1 << 20, 1 << 30),
          "Compaction remembers the keys of one log at a time in so many bytes of memory, 30 for"
              + " each key; the keys of one segment have to fit.");

  public static final ConfigKey<Long> LOG_CLEANER_IO_MAX_BYTES_PER_SECOND =
      ConfigKey.fixed(
          "log.cleaner.io.max.bytes.per.second",
          ConfigType.LONG,
          64L << 20,
          Constraint.atLeast(64 << 10),
          "Compaction reads and writes no more bytes than this a second, on average.");

  public static final ConfigKey<Long> PRODUCER_ID_EXPIRATION_MS =
      ConfigKey.fixed(
          "producer.id.expiration.ms",
          ConfigType.LONG,
          24 * 3_600_000L,
          Constraint.atLeast(1_000),
          "What a partition remembers of an idempotent producer is forgotten when nothing came from"
              + " it for so long; longer than producers try to deliver a record.");

  public static final ConfigKey<Long> DISK_FREE_FLOOR_BYTES =
      ConfigKey.fixed(
          "disk.free.floor.bytes",
          ConfigType.LONG,
          256L << 20,
          Constraint.atLeast(0),
          "When the disk has less than this left, records are refused (DISK_FULL) until there is"
              + " room again.");

  public static final ConfigKey<Integer> SHUTDOWN_TIMEOUT_MS =
      ConfigKey.fixed(
          "shutdown.timeout.ms",
          ConfigType.INTEGER,
          30_000,
          Constraint.atLeast(0),
          "A broker that is asked to stop finishes requests and closes logs for so long at most.");

  /** All of them, in the order of the reference. */
  public static final ConfigSchema SCHEMA =
      new ConfigSchema(
          List.of(
              BROKER_ID,
              LISTENER,
              ADVERTISED_LISTENER,
              HTTP_LISTENER,
              KAFKA_LISTENER,
              KAFKA_ADVERTISED_LISTENER,
              AUTO_CREATE_TOPICS_ENABLE,
              BROKER_RACK,
              DATA_DIR,
              ZOOKEEPER_CONNECT,
              ZOOKEEPER_SESSION_TIMEOUT_MS,
              ZOOKEEPER_EMBEDDED_PORT,
              DEFAULT_PARTITIONS,
              DEFAULT_REPLICATION_FACTOR,
              MIN_INSYNC_REPLICAS,
              OFFSETS_REPLICATION_FACTOR,
              OFFSETS_RETENTION_MS,
              OFFSETS_LOAD_DAMAGED,
              QUEUES_LOAD_DAMAGED,
              GROUP_LAG_INTERVAL_MS,
              REPLICA_LAG_TIME_MAX_MS,
              MAX_MESSAGE_BYTES,
              MAX_MESSAGE_UNCOMPRESSED_BYTES,
              MESSAGE_TIMESTAMP_AFTER_MAX_MS,
              LOG_SEGMENT_BYTES,
              LOG_SEGMENT_MS,
              LOG_RETENTION_MS,
              LOG_RETENTION_BYTES,
              INBOX_MAX_BYTES,
              LOG_FLUSH,
              LOG_FLUSH_INTERVAL_RECORDS,
              LOG_FLUSH_INTERVAL_MS,
              LOG_CHECK_INTERVAL_MS,
              LOG_CLEANER_DEDUPE_BUFFER_SIZE,
              LOG_CLEANER_IO_MAX_BYTES_PER_SECOND,
              PRODUCER_ID_EXPIRATION_MS,
              DISK_FREE_FLOOR_BYTES,
              NETWORK_THREADS,
              MAX_FRAME_BYTES,
              REQUEST_MEMORY_BYTES,
              RESPONSE_MEMORY_BYTES,
              CONNECTIONS_MAX,
              CONNECTION_IDLE_TIMEOUT_MS,
              CONNECTION_STALL_TIMEOUT_MS,
              SHUTDOWN_TIMEOUT_MS));

  private BrokerKeys() {}

  private static boolean isConnectString(String text) {
    if (text.isEmpty()) {
      return true;
    }
    int slash = text.indexOf('/');
    String servers = slash < 0 ? text : text.substring(0, slash);
    if (slash >= 0 && (text.endsWith("/") || text.indexOf("//", slash) >= 0)) {
      return false;
    }
    for (String server : servers.split(",", -1)) {
      try {
        if (HostPort.parse(server.strip()).port() == 0) {
          return false;
        }
      } catch (IllegalArgumentException e) {
        return false;
      }
    }
    return true;
  }
}
