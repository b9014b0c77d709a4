// An independent ONVIF client (npm package onvif): reads the device, moves it, pulls an event.
// Usage: node onvif_client.js ADDRESS PORT USER; the password is in CAMERA_PASSWORD. Prints JSON.
const { promisify } = require('util');
const { Cam } = require('onvif');

const [address, port, user] = process.argv.slice(2);
const results = {};

function connect() {
  return new Promise((resolve, reject) => {
    const cam = new Cam(
      {
        hostname: address,
        port: Number(port),
        username: user,
        password: process.env.CAMERA_PASSWORD,
        timeout: 5000,
      },
      (error) => (error ? reject(error) : resolve(cam)),
    );
  });
}

async function main() {
  const cam = await connect();
  const ask = (name, ...given) => promisify(cam[name]).call(cam, ...given);
  results.information = await ask('getDeviceInformation');
  results.date = (await ask('getSystemDateAndTime')).toISOString();
  results.hostname = await ask('getHostname');
  results.media2 = cam.media2Support;
  results.profiles = cam.profiles.map((profile) => ({
    token: profile.$.token,
    name: profile.name,
    encoding: (profile.videoEncoderConfiguration || {}).encoding,
    width: ((profile.videoEncoderConfiguration || {}).resolution || {}).width,
  }));
  results.stream = (await ask('getStreamUri', { protocol: 'RTSP' })).uri;
  results.snapshot = (await ask('getSnapshotUri', {})).uri;
  await ask('absoluteMove', { x: 0.5, y: -0.25, zoom: 0.5 });
  await new Promise((done) => setTimeout(done, 1500));
  results.status = await ask('getStatus', {});
  await ask('setPreset', { presetName: 'gate' });
  results.presets = await ask('getPresets', {});
  await ask('gotoHomePosition', {});
  await ask('stop', {});
  results.imaging = await ask('getImagingSettings', {});
  results.event = await new Promise((resolve) => {
    cam.on('event', (message) => {
      if (JSON.stringify(message.topic).includes('LineDetector')) {
        resolve(message);
      }
    });
  });
}

main().then(
  () => {
    process.stdout.write(JSON.stringify(results), () => process.exit(0));
  },
  (error) => {
    process.stderr.write(String(error.stack || error));
    process.exit(1);
  },
);
