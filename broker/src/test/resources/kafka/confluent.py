"""Produces, consumes in a group and asks for metadata with confluent-kafka; prints what it read."""
import sys

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

bootstrap, topic = sys.argv[1], sys.argv[2]

admin = AdminClient({"bootstrap.servers": bootstrap})
for made in admin.create_topics([NewTopic(topic, num_partitions=2, replication_factor=1)]).values():
    made.result(20)

failures = []
producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "compression.type": "lz4"})
for i in range(100):
    producer.produce(topic, key=str(i), value="value-%d" % i,
                     callback=lambda error, message: failures.append(error) if error else None)
producer.flush(20)
assert not failures, failures

consumer = Consumer({
    "bootstrap.servers": bootstrap,
    "group.id": topic + "-group",
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
})
consumer.subscribe([topic])
values = set()
while len(values) < 100:
    message = consumer.poll(20)
    assert message is not None, "only %d messages" % len(values)
    assert message.error() is None, message.error()
    values.add(message.value().decode())
consumer.commit(asynchronous=False)
committed = consumer.committed(consumer.assignment(), 20)
consumer.close()

assert topic in admin.list_topics(timeout=20).topics
print(len(values), sum(each.offset for each in committed))
