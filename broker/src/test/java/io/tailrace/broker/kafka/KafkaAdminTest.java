package io.tailrace.broker.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ElectionNotNeededException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a console for Kafka asks of a broker, by Kafka's own admin client. */
class KafkaAdminTest {
  @TempDir static Path directory;
  private static TestCluster cluster;
  private static Admin admin;

  @BeforeAll
  static void start() {
    cluster = TestCluster.start(directory, Map.of("kafka.listener", "127.0.0.1:0"));
    admin = Admin.create(Map.of("bootstrap.servers", bootstrap()));
  }

  @AfterAll
  static void stop() {
    admin.close();
    cluster.close();
  }

  private static String bootstrap() {
    return "127.0.0.1:" + cluster.broker().kafkaAddress().getPort();
  }

  private static <T> T get(KafkaFuture<T> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }

  private static <E extends Exception> void refused(Class<E> type, KafkaFuture<?> future) {
    assertInstanceOf(type, assertThrows(ExecutionException.class, () -> get(future)).getCause());
  }

  private static void create(NewTopic topic) throws Exception {
    get(admin.createTopics(List.of(topic)).all());
  }

  @Test
  void describesTheCluster() throws Exception {
    var described = admin.describeCluster();
    assertEquals(1, get(described.nodes()).size());
    assertEquals(0, get(described.controller()).id());
    assertTrue(!get(described.clusterId()).isEmpty());
  }

  @Test
  void makesChangesAndDeletesATopic() throws Exception {
    create(
        new NewTopic("made", 3, (short) 1)
            .configs(Map.of("retention.ms", "1000000", "compression.type", "producer")));
    TopicDescription described =
        get(admin.describeTopics(List.of("made")).allTopicNames()).get("made");
    assertEquals(3, described.partitions().size());
    assertEquals(0, described.partitions().get(0).leader().id());
    refused(
        TopicExistsException.class,
        admin.createTopics(List.of(new NewTopic("made", 1, (short) 1))).all());
    refused(
        InvalidPartitionsException.class,
        admin.createTopics(List.of(new NewTopic("none", 0, (short) 1))).all());
    refused(
        InvalidConfigurationException.class,
        admin
            .createTopics(
                List.of(
                    new NewTopic("gzipped", 1, (short) 1)
                        .configs(Map.of("compression.type", "gzip"))))
            .all());
    get(admin.createPartitions(Map.of("made", NewPartitions.increaseTo(5))).all());
    assertEquals(
        5,
        get(admin.describeTopics(List.of("made")).allTopicNames()).get("made").partitions().size());
    assertTrue(get(admin.listTopics().names()).contains("made"));
    get(admin.deleteTopics(List.of("made")).all());
    refused(
        UnknownTopicOrPartitionException.class,
        admin.describeTopics(List.of("made")).allTopicNames());
  }

  @Test
  void describesAndChangesSettings() throws Exception {
    create(new NewTopic("set", Optional.empty(), Optional.empty()));
    ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "set");
    get(
        admin
            .incrementalAlterConfigs(
                Map.of(
                    topic,
                    List.of(
                        new AlterConfigOp(
                            new ConfigEntry("retention.ms", "7000000"), AlterConfigOp.OpType.SET))))
            .all());
    ConfigEntry retention = config(topic).get("retention.ms");
    assertEquals("7000000", retention.value());
    assertEquals(ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG, retention.source());
    get(
        admin
            .incrementalAlterConfigs(
                Map.of(
                    topic,
                    List.of(
                        new AlterConfigOp(
                            new ConfigEntry("retention.ms", ""), AlterConfigOp.OpType.DELETE))))
            .all());
    assertEquals(
        ConfigEntry.ConfigSource.DEFAULT_CONFIG, config(topic).get("retention.ms").source());
    refused(
        InvalidConfigurationException.class,
        admin
            .incrementalAlterConfigs(
                Map.of(
                    topic,
                    List.of(
                        new AlterConfigOp(
                            new ConfigEntry("no.such.key", "1"), AlterConfigOp.OpType.SET))))
            .all());
    ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, "0");
    assertEquals("0", config(broker).get("broker.id").value());
  }

  private static Config config(ConfigResource resource) throws Exception {
    return get(admin.describeConfigs(List.of(resource)).all()).get(resource);
  }

  private static void send(String topic, long... timestamps) {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrap()),
            new StringSerializer(),
            new StringSerializer())) {
      for (long timestamp : timestamps) {
        producer.send(new ProducerRecord<>(topic, 0, timestamp, null, "value"));
        producer.flush();
      }
    }
  }

  private static ListOffsetsResultInfo offset(String topic, OffsetSpec asked) throws Exception {
    TopicPartition partition = new TopicPartition(topic, 0);
    return get(admin.listOffsets(Map.of(partition, asked)).partitionResult(partition));
  }

  @Test
  void findsTheRecordWithTheLargestTimestamp() throws Exception {
    create(new NewTopic("timed", 1, (short) 1));
    assertEquals(-1, offset("timed", OffsetSpec.maxTimestamp()).offset());
    send("timed", 9_000, 1_000, 3_000, 7_000, 5_000, 7_000);
    assertEquals(0, offset("timed", OffsetSpec.maxTimestamp()).offset());
    assertEquals(9_000, offset("timed", OffsetSpec.maxTimestamp()).timestamp());
    get(
        admin
            .deleteRecords(Map.of(new TopicPartition("timed", 0), RecordsToDelete.beforeOffset(1)))
            .all());
    assertEquals(3, offset("timed", OffsetSpec.maxTimestamp()).offset());
    assertEquals(7_000, offset("timed", OffsetSpec.maxTimestamp()).timestamp());
    assertEquals(1, offset("timed", OffsetSpec.earliestLocal()).offset());
    assertEquals(-1, offset("timed", OffsetSpec.latestTiered()).offset());
    assertEquals(6, offset("timed", OffsetSpec.latest()).offset());
    assertEquals(3, offset("timed", OffsetSpec.forTimestamp(6_000)).offset());
  }

  @Test
  void electsNoLeaderWhereThePreferredOneLeads() throws Exception {
    create(new NewTopic("led", 1, (short) 1));
    TopicPartition partition = new TopicPartition("led", 0);
    var elected = get(admin.electLeaders(ElectionType.PREFERRED, Set.of(partition)).partitions());
    assertInstanceOf(ElectionNotNeededException.class, elected.get(partition).orElseThrow());
    assertTrue(get(admin.electLeaders(ElectionType.PREFERRED, null).partitions()).isEmpty());
  }

  @Test
  void tellsTheSizesOfTheLogs() throws Exception {
    create(new NewTopic("sized", 2, (short) 1));
    send("sized", 1, 2, 3);
    var directories = get(admin.describeLogDirs(List.of(0)).allDescriptions()).get(0);
    assertEquals(1, directories.size());
    var replicas = directories.values().iterator().next().replicaInfos();
    assertTrue(replicas.get(new TopicPartition("sized", 0)).size() > 0);
    assertEquals(0, replicas.get(new TopicPartition("sized", 1)).size());
  }

  @Test
  void deletesRecordsAndGroups() throws Exception {
    create(new NewTopic("kept", 1, (short) 1));
    TopicPartition partition = new TopicPartition("kept", 0);
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrap()),
            new StringSerializer(),
            new StringSerializer())) {
      for (int i = 0; i < 10; i++) {
        producer.send(new ProducerRecord<>("kept", Integer.toString(i)));
      }
      producer.flush();
    }
    var deleted = admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(4)));
    assertEquals(4, get(deleted.lowWatermarks().get(partition)).lowWatermark());
    var all = admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(-1)));
    assertEquals(10, get(all.lowWatermarks().get(partition)).lowWatermark());

    get(
        admin
            .alterConsumerGroupOffsets("group", Map.of(partition, new OffsetAndMetadata(7)))
            .all());
    try (KafkaConsumer<String, String> member =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", bootstrap(), "group.id", "members"),
            new StringDeserializer(),
            new StringDeserializer())) {
      member.subscribe(List.of("kept"));
      while (member.assignment().isEmpty()) {
        member.poll(Duration.ofMillis(50));
      }
      member.commitSync();
      var described =
          get(admin.describeConsumerGroups(List.of("members")).describedGroups().get("members"));
      assertEquals(GroupState.STABLE, described.groupState());
      assertEquals(
          Set.of(partition), described.members().iterator().next().assignment().topicPartitions());
    }
    assertTrue(
        get(admin.listGroups().all()).stream().anyMatch(each -> each.groupId().equals("group")));
    assertEquals(
        7,
        get(admin.listConsumerGroupOffsets("group").partitionsToOffsetAndMetadata())
            .get(partition)
            .offset());
    get(admin.deleteConsumerGroupOffsets("group", Set.of(partition)).all());
    assertTrue(
        get(admin.listConsumerGroupOffsets("group").partitionsToOffsetAndMetadata()).isEmpty());
    get(admin.deleteConsumerGroups(List.of("members")).all());
    assertTrue(
        get(admin.listGroups().all()).stream().noneMatch(each -> each.groupId().equals("members")));
  }
}
