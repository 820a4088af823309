// Produces, consumes in a group of two and administers with kafkajs; prints what came of it.
const { Kafka, CompressionTypes, Partitioners, logLevel } = require('kafkajs');

async function main(broker) {
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'js', numPartitions: 4 }] });

  const producer = kafka.producer({
    idempotent: true,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const messages = [...Array(100).keys()].map((i) => ({ key: `k${i}`, value: `v${i}` }));
  await producer.send({ topic: 'js', compression: CompressionTypes.GZIP, messages });
  await producer.disconnect();

  const read = new Set();
  let done;
  const all = new Promise((resolve) => (done = resolve));
  const members = [kafka.consumer({ groupId: 'group' }), kafka.consumer({ groupId: 'group' })];
  for (const member of members) {
    await member.connect();
    await member.subscribe({ topics: ['js'], fromBeginning: true });
    await member.run({
      eachMessage: async ({ message }) => {
        read.add(message.value.toString());
        if (read.size === messages.length) done();
      },
    });
  }
  await all;
  let state;
  do {
    state = (await admin.describeGroups(['group'])).groups[0].state;
  } while (state !== 'Stable');
  for (const member of members) await member.disconnect();

  const [offsets] = await admin.fetchOffsets({ groupId: 'group', topics: ['js'] });
  const committed = offsets.partitions.reduce((sum, each) => sum + Number(each.offset), 0);
  console.log(`read ${read.size} committed ${committed} state ${state}`);
  await admin.deleteGroups(['group']);
  await admin.deleteTopics({ topics: ['js'] });
  await admin.disconnect();
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
