"""Produces and consumes in a group with kafka-python; prints what it read."""
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

bootstrap, topic = sys.argv[1], sys.argv[2]

producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", compression_type="gzip")
sent = [producer.send(topic, key=b"%d" % i, value=b"value-%d" % i) for i in range(100)]
producer.flush(20)
assert all(each.get(20) is not None for each in sent)
producer.close()

consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=topic + "-group",
                         auto_offset_reset="earliest", enable_auto_commit=False,
                         consumer_timeout_ms=20000)
values = set()
for message in consumer:
    values.add(message.value)
    if len(values) == 100:
        break
consumer.commit()
committed = sum(consumer.committed(each) or 0 for each in consumer.assignment())
ends = consumer.end_offsets([TopicPartition(topic, 0)])
consumer.close()
print(len(values), committed)
assert ends[TopicPartition(topic, 0)] == 100
